"""Notices of what changes nothing, and yet is worth knowing: guesses, and codes that run out."""

from sqlalchemy import Connection

from app.clients.addresses import Client
from app.crud import accounts, second_factors
from app.resources import Resources
from app.services.consequences import conclude_for
from app.services.mails import queue_mail
from app.services.trail import NO_FACTS, Facts, record

LOW_ON_CODES = 3


def notify_throttled(connection: Connection, resources: Resources, user_id: int, client: Client) -> None:
    """Tell that sign-ins are being throttled, at most once a day."""
    _tell(connection, resources, user_id, "sign_ins_throttled", client, sign="sign_ins.throttled")


def notify_wrong_codes(connection: Connection, resources: Resources, user_id: int, client: Client) -> None:
    """Tell that somebody knows the password but not the second factor (ASVS 6.3.5), at most once an hour."""
    _tell(connection, resources, user_id, "wrong_codes", client)


def notify_recovery_code_used(connection: Connection, resources: Resources, user_id: int, client: Client) -> None:
    """Tell that a recovery code was used, and when few are left."""
    left = second_factors.count_recovery_codes(connection, user_id)
    conclude_for(connection, resources, "recovery_code.used", user_id, client, {"left": left})
    if left == LOW_ON_CODES:
        _tell(connection, resources, user_id, "recovery_codes_low", client, facts={"left": left})


def notify_counter_went_back(connection: Connection, resources: Resources, user_id: int, client: Client) -> None:
    """Tell that there may be a copy of a passkey; that is a sign and no proof, so nobody is shut out."""
    _tell(connection, resources, user_id, "passkey_counter", client, sign="passkey.counter_went_back")


def _tell(  # noqa: PLR0913 what to whom, of whom
    connection: Connection,
    resources: Resources,
    user_id: int,
    kind: str,
    client: Client,
    *,
    sign: str | None = None,
    facts: Facts = NO_FACTS,
) -> None:
    person = accounts.get_addressee(connection, user_id)
    if person is None:
        return
    if sign is not None:
        record(connection, resources.settings, sign, person.public_id, client)
    queue_mail(connection, resources, person, kind, client, facts=facts)
