"""Examines whom passkeys are made for, and what would become of them elsewhere."""

from sqlalchemy import Connection

from app.clients.addresses import parse_address
from app.config import Settings
from app.crud.passkeys import count_passkeys
from app.settings.relying_party import is_within
from CreateDB.doctor.database import has_tables
from CreateDB.doctor.findings import Finding, Findings

BOUND = "A key serves the domain that it was made for: on another one each of them is lost"


def examine_relying_party(settings: Settings) -> Findings:
    """Judge domain and origins as browsers do."""
    party = settings.relying_party
    if parse_address(party.id) is not None:
        text = f"PUBLIC_URL has an IP address, {party.id}: browsers know no passkeys there."
        yield Finding("passkeys", "warning", text, "Set PUBLIC_URL to a domain.")
    elif not all(is_within(party.id, origin) for origin in party.origins):
        text = f"PUBLIC_URL is not https, and not on localhost: browsers know no passkeys at {party.origins[0]}."
        yield Finding("passkeys", "warning", text, "Set PUBLIC_URL to an https address.")
    else:
        yield Finding("passkeys", "ok", f"Passkeys are for {party.id}, used by {', '.join(party.origins)}.")


def examine_passkeys(settings: Settings | None, connection: Connection) -> Findings:
    """Tell how many would be lost with the domain."""
    if not has_tables(connection):
        return
    number = count_passkeys(connection)
    domain = settings.relying_party.id if settings else "the domain of PUBLIC_URL"
    if number:
        keys = "1 passkey is" if number == 1 else f"{number} passkeys are"
        yield Finding(
            "passkeys_domain", "ok", f"{keys} bound to {domain}. {BOUND}, and their owners need another way in."
        )
    else:
        yield Finding("passkeys_domain", "ok", f"No passkeys yet. {BOUND}: decide on PUBLIC_URL first.")
