"""What an examination finds, and how bad that is."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from sqlalchemy import URL

from app.clients.addresses import is_loopback
from app.config import Settings
from CreateDB.command.explain import explain

Verdict: TypeAlias = Literal["ok", "warning", "failure"]


@dataclass(frozen=True)
class Finding:
    """One line of the report; the id never changes, so that scripts can rely on it."""

    id: str
    verdict: Verdict
    finding: str
    fix: str | None = None


Findings: TypeAlias = Iterator[Finding]


def judge(settings: Settings) -> Verdict:
    """Say how bad is what development may live with and production may not."""
    return "failure" if settings.environment == "production" else "warning"


def is_this_machine(host: str | None) -> bool:
    """Whether what is sent to this host never leaves the machine; a name that must be looked up may lead anywhere."""
    return host is None or host == "localhost" or is_loopback(host)


def attempt(id_: str, url: URL, examination: Callable[[], Findings]) -> list[Finding]:
    """Examine; what goes wrong becomes the finding, so that no other examination is lost with this one."""
    try:
        return list(examination())
    except Exception as error:  # noqa: BLE001 the report is most wanted where something is wrong
        text = f"This could not be examined: {explain(error, url).rstrip('.')}."
        return [Finding(id_, "failure", text, "Mend that, then run this again.")]
