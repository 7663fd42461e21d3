"""What an examination finds, and what it works with."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from sqlalchemy import URL

from app.clients.addresses import parse_address
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


@dataclass(frozen=True)
class Patient:
    """The installation under examination: the API's settings if they can be read at all, and its database."""

    url: URL
    settings: Settings | None = None
    echo: bool = False

    @property
    def grave(self) -> Verdict:
        """How bad is what development may live with and production may not."""
        return "failure" if self.settings and self.settings.environment == "production" else "warning"


def is_this_machine(host: str | None) -> bool:
    """Whether what is sent to this host never leaves the machine; a name that must be looked up may lead anywhere."""
    address = parse_address(host or "")
    return host in (None, "localhost") or (address is not None and address.is_loopback)


def is_address(host: str) -> bool:
    """Whether this is an IP address and no name."""
    return parse_address(host) is not None


Findings: TypeAlias = Iterator[Finding]


def attempt(id_: str, url: URL, examination: Callable[[], Findings]) -> list[Finding]:
    """Examine; what goes wrong becomes the finding, so that no other examination is lost with this one."""
    try:
        return list(examination())
    except Exception as error:  # noqa: BLE001 the report is most wanted where something is wrong
        text = f"This could not be examined: {explain(error, url).rstrip('.')}."
        return [Finding(id_, "failure", text, "Mend that, then run this again.")]
