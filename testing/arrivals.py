"""Mails that a running API sends by itself: waited for, and their links followed."""

import time
from pathlib import Path

from testing.mail import Mailbox, links_of

ARRIVAL_SECONDS = 60.0


def wait_for_link(folder: Path, page: str, to: str, kind: str | None = None) -> str:
    """Return the path and query of the link to a page in the latest mail to somebody."""
    mailbox, end = Mailbox(folder, lambda: None), time.monotonic() + ARRIVAL_SECONDS
    while True:
        tokens = [links[page] for links in map(links_of, mailbox.read(to, kind)) if page in links]
        if tokens:
            return f"{page}?token={tokens[-1]}"
        assert time.monotonic() < end, f"no link to {page} came for {to}"
        time.sleep(0.05)
