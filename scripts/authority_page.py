"""Write docs/authority.md from the table of authority; a test compares the two."""

import sys
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "Login")]

from app.authority.changes import CHANGES, Change, Notice
from app.authority.letters import LETTERS, UNPROVED, LetterRule
from app.throttling.limits import Limit

PAGE = ROOT / "docs" / "authority.md"
HEAD = """# Who may change what

Made by `python scripts/authority_page.py` from `Login/app/authority/`, where the reasons stand. For every change that \
an owner, a link or an operator can cause: the proof it wants, what ends, who hears of it, and what "this was not me" \
takes back within 72 hours, beside signing everybody out.
"""
MAILS = f"""
## Mails, by their mailbox

A mailbox that nobody has confirmed gets at most {UNPROVED.amount} mails an hour, over all kinds and accounts, with \
nothing in them that a stranger may have chosen. A confirmed one gets a notice of a kind once a minute; what happens \
meanwhile is summed up in the next. Links go before notices.
"""


def write_page() -> str:
    """Return the page."""
    changes = _table(
        (
            "change",
            "proof",
            "sessions",
            "devices trusted",
            "links that die",
            "told",
            "webhooks",
            '"this was not me" takes back',
        ),
        (_describe_change(row) for row in CHANGES.values()),
    )
    mails = _table(
        ("mail", "carries", "at most", "notice"), (_describe_mail(kind, rule) for kind, rule in LETTERS.items())
    )
    return f"{HEAD}\n{changes}{MAILS}\n{mails}"


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def _describe_change(row: Change) -> tuple[str, ...]:
    told = "; ".join(_describe_notice(notice) for notice in row.notices)
    voids = ", ".join(link.value for link in row.voids)
    webhooks = ", ".join(f"`{kind}`" for kind in row.webhooks)
    trust = "none any more" if row.untrusts else "-"
    ends = (row.ends.value, trust, voids or "-", told or "-", webhooks or "-", row.takes_back or "-")
    return (f"`{row.event}`", row.proof.value, *ends)


def _describe_notice(notice: Notice) -> str:
    unconfirmed = f", unconfirmed: `{notice.unproved}`" if notice.unproved else ""
    return f"`{notice.kind}` to {notice.to.value}{unconfirmed}"


def _describe_mail(kind: str, rule: LetterRule) -> tuple[str, ...]:
    links = ", ".join(link.value for link in rule.links)
    limits = "; ".join(_describe_limit(limit) for limit in rule.limits)
    return (f"`{kind}`", links or "-", limits or "-", "yes" if rule.is_notice else "no")


def _describe_limit(limit: Limit) -> str:
    hours = int(limit.window.total_seconds()) // 3600
    return f"{limit.amount} in {'an hour' if hours == 1 else f'{hours} hours'} ({limit.name})"


if __name__ == "__main__":
    PAGE.write_text(write_page(), encoding="utf-8")
