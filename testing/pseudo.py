"""A language that nobody speaks: every sentence accented, in brackets, and 40 % longer; only tests ask for it."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from gettext import NullTranslations
from math import ceil
from threading import Thread

import pytest
from flask import Flask
from werkzeug.serving import WSGIRequestHandler, make_server

from FlaskProject.messages import escape_text, find_text

LONGER = 0.4
ACCENTS = str.maketrans("aceginosuyzACEGINOSUYZ", "áçéğíñóšüýžÁÇÉĞÍÑÓŠÜÝŽ")
BLANK = re.compile(r"(\{\w+\})")
WORD = re.compile(r"\w+")


class Pseudo(NullTranslations):
    """Translates whatever is asked for."""

    def gettext(self, message: str) -> str:
        """Return a sentence in this language."""
        return translate(message)

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        """Return the form for a number."""
        return translate(msgid1 if n == 1 else msgid2)

    def pgettext(self, context: str, message: str) -> str:  # noqa: ARG002 gettext's own
        """Return a sentence of a context."""
        return translate(message)

    def npgettext(self, context: str, msgid1: str, msgid2: str, n: int) -> str:  # noqa: ARG002 likewise
        """Return the form for a number, of a context."""
        return self.ngettext(msgid1, msgid2, n)


def translate(text: str) -> str:
    """Return a sentence with its blanks as they are."""
    parts = [part if BLANK.fullmatch(part) else _stretch(part) for part in BLANK.split(text)]
    return f"⟦{''.join(parts)}⟧" if text.strip() == text else "".join(parts)


def _stretch(text: str) -> str:
    return WORD.sub(lambda word: word[0].translate(ACCENTS) + "ö" * ceil(LONGER * len(word[0])), text)


def pretend(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have every language of pages and mails in this process say that, English, too."""
    for module in ("FlaskProject.messages", "app.letters.speech"):
        monkeypatch.setattr(f"{module}.load", lambda _tag: Pseudo())
    forget()


def forget() -> None:
    """Have texts looked up anew."""
    find_text.cache_clear()
    escape_text.cache_clear()


@contextmanager
def serving_pages(app: Flask) -> Iterator[str]:
    """Serve pages of this process meanwhile, and give their address."""

    class Quiet(WSGIRequestHandler):
        def log(self, *_args: object) -> None:
            """Say nothing."""

    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
