"""People's mailboxes as tests meet them: deliver what is queued, read it, follow its links."""

import re
import time
from collections.abc import Callable
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from app.config import Settings
from app.mail.worker import make_worker
from app.outbox.outcomes import ServerAway
from app.resources import Resources, make_resources
from testing.api import Person
from testing.loops import finish

Deliver = Callable[[], object]

WAIT = 60.0  # seconds
LINK = re.compile(r"^(https?://\S+)$", re.MULTILINE)


@lru_cache(maxsize=256)
def parse_mail(raw: bytes) -> EmailMessage:
    """Read a mail as a mail program does."""
    return BytesParser(EmailMessage, policy=default).parsebytes(raw)


def text_of(mail: EmailMessage) -> str:
    """Return what a mail says, as plain text."""
    body = mail.get_body(("plain",))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


def html_of(mail: EmailMessage) -> str:
    """Return what a mail says, as HTML."""
    body = mail.get_body(("html",))
    assert body is not None
    return str(body.get_content())


def links_of(mail: EmailMessage) -> dict[str, str]:
    """Return the tokens of a mail's links by the path of the page that they open."""
    parts = [urlsplit(link) for link in LINK.findall(text_of(mail))]
    return {part.path: parse_qs(part.query)["token"][0] for part in parts if part.query}


class Mailbox:
    """All mails that have left, as files."""

    def __init__(self, folder: Path, deliver: Deliver) -> None:
        """Take the folder that mails go to, and how to let those that wait go there."""
        self._folder = folder
        self._deliver = deliver

    def read(self, to: str | None = None, kind: str | None = None) -> list[EmailMessage]:
        """Deliver what waits, and return the mails to somebody, of a kind, the first first."""
        self._deliver()
        files = sorted(self._folder.glob(f"*-{kind}-??????????????????????.eml" if kind else "*.eml"))
        mails = [parse_mail(file.read_bytes()) for file in files]
        return [mail for mail in mails if to is None or mail["To"] == to]

    def last(self, to: str | None = None, kind: str | None = None) -> EmailMessage:
        """Return the latest of them."""
        mails = self.read(to, kind)
        assert mails, f"no mail of the kind {kind} to {to}"
        return mails[-1]

    def token(self, page: str, to: str | None = None, kind: str | None = None) -> str:
        """Return the token of the link to a page in the latest mail that has one."""
        links = [links_of(mail) for mail in self.read(to, kind)]
        tokens = [each[page] for each in links if page in each]
        assert tokens, f"no link to {page} in a mail to {to}"
        return tokens[-1]

    def kinds(self, to: str | None = None) -> list[str]:
        """Return the kinds of the mails to somebody, in order."""
        self._deliver()
        files = sorted(self._folder.glob("*.eml"))
        return [file.stem[23:-23] for file in files if to is None or parse_mail(file.read_bytes())["To"] == to]

    def wait_for(self, page: str) -> str:
        """Return the token of the link to a page once a worker elsewhere has delivered it."""
        end = time.monotonic() + WAIT
        while time.monotonic() < end:
            for file in sorted(self._folder.glob("*.eml"), reverse=True):
                if token := links_of(parse_mail(file.read_bytes())).get(page):
                    return token
            time.sleep(0.02)
        raise AssertionError(f"no mail with a link to {page}")

    def confirm(self, api: Any, person: Person) -> None:
        """Let somebody confirm their address by the mail that they got, and throw the mails away."""
        answer = api.post("/email/verify", json={"token": self.token("/email/verify", person.email)})
        assert answer.status_code == httpx2.codes.OK, answer.text
        self.empty()

    def empty(self) -> None:
        """Deliver what waits and throw it all away."""
        self._deliver()
        for file in self._folder.glob("*.eml"):
            file.unlink()


def deliver_due(settings: Settings) -> bool:
    """Let a worker of its own deliver all that is due, and end; False when the mail server is away."""
    return finish(_deliver(make_resources(settings)))


async def _deliver(resources: Resources) -> bool:
    worker = make_worker(resources)
    try:
        await worker.deliver_due()
    except ServerAway:
        return False
    finally:
        worker.close()
        resources.close()
    return True


@pytest.fixture
def mailbox(settings: Settings) -> Mailbox:
    """Give everybody's mailbox behind `api`; reading it delivers what is queued."""
    return Mailbox(settings.mail_dir, lambda: deliver_due(settings))
