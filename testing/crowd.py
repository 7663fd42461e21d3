"""Work of many at the same time, each in a thread of its own, while a block runs."""

import threading
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Self


class Crowd:
    """Starts every piece of work at once; each goes on until `end` is set."""

    def __init__(self, works: Iterable[Callable[[], object]]) -> None:
        """Take what each does."""
        self.end = threading.Event()
        self._threads = [threading.Thread(target=work) for work in works]

    def __enter__(self) -> Self:
        """Begin."""
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """End, once everybody has had an answer."""
        self.end.set()
        for thread in self._threads:
            thread.join()
