"""How the database's threads tell the worker that a mail is waiting."""

import asyncio
import contextlib


class Bell:
    """Rung from any thread, heard by one worker; without a worker it is rung for nobody."""

    def __init__(self) -> None:
        """Start silent."""
        self._rung = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    def listen(self) -> None:
        """Belong to the running event loop from now on."""
        self._loop = asyncio.get_running_loop()

    def ring(self) -> None:
        """Wake the worker."""
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop has closed: the process is ending
                self._loop.call_soon_threadsafe(self._rung.set)

    async def wait(self, seconds: float) -> None:
        """Return when rung since the last return, or after so many seconds."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._rung.wait(), seconds)
        self._rung.clear()
