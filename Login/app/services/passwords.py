"""Passwords forgotten: a request that tells nobody anything, and a new password by the link in the mail."""

from collections.abc import Iterable

from pydantic import SecretStr
from sqlalchemy import Connection

from app.authority.letters import Link
from app.clients.addresses import Client
from app.crud import accounts, one_time_tokens, passkeys, second_factors
from app.crud.accounts import Addressee
from app.crud.operations import current_time
from app.errors import LinkInvalid
from app.identifiers import login_keys
from app.passwords.fair_queue import party_of
from app.passwords.rules import check_password
from app.resources import Resources
from app.runtime.logs import log_event
from app.schemas import PasswordReset, PasswordResetRequest
from app.services.consequences import conclude
from app.services.emails import bring_back, find_former_holder
from app.services.links import NO_CHANGE, Told, find_link, find_way_back, take_link
from app.services.mails import RESET_REQUEST, queue_mail, queue_note
from app.services.trail import record


async def request_reset(resources: Resources, body: PasswordResetRequest, client: Client) -> None:
    """Leave a note for the mail worker, whatever the address: neither body nor time tell whether it is known."""
    await resources.database.transaction(queue_note, resources, RESET_REQUEST, body.email, client)
    log_event("password_reset_requested", "unknown")


def grant_reset(connection: Connection, resources: Resources, typed: str, client: Client) -> None:
    """Queue the mail with the link if the address is an account's, or was and may take it back.

    For as long as a former address may do that, the present one gets no link: whoever moved the account there may be a
    thief; or it may be the thief's own, left in a stranger's mailbox for the stranger to live in.
    """
    key = (login_keys(typed) or {}).get("email_key")
    person = accounts.find_addressee(connection, key) if key else None
    if key and person is None:
        person = find_former_holder(connection, key)
    if key is None or person is None or person.disabled_at is not None:
        return
    record(connection, resources.settings, "password.reset_requested", person.public_id, client)
    contested = one_time_tokens.find_way_back(connection, Link.REVERT, person.id, beside=key)
    kind = "password_reset_elsewhere" if contested else "password_reset"
    queue_mail(connection, resources, person, kind, client, told=Told("email.changed") if contested else NO_CHANGE)


async def hash_new(
    resources: Resources, typed: SecretStr, own_words: Iterable[str | None], client: Client, *, known: bool = False
) -> str:
    """Hash a new password; refuse one that is short, common, or made of the account's own words or the service's."""
    password = typed.get_secret_value()
    check_password(password, [*own_words, resources.settings.service_name], resources.common_passwords)
    return await resources.hashes.hash(password, party_of(client.address, known=known))


async def confirm_reset(resources: Resources, body: PasswordReset, client: Client) -> None:
    """Set a new password by a link; a refused password does not use the link up."""
    token = body.token.get_secret_value()
    person = await resources.database.read(_find_person_of, token)
    new_hash = await hash_new(resources, body.new_password, (person.email, person.username), client)
    await resources.database.transaction(_reset, resources, token, new_hash, client)
    log_event("password_reset", "success", user_id=person.public_id)


def _find_person_of(connection: Connection, token: str) -> Addressee:
    link, person = find_link(connection, token, Link.RESET, Link.RESCUE)
    require_good(connection, link, person)
    return person


def require_good(connection: Connection, link: one_time_tokens.Link, person: Addressee) -> None:
    """Refuse a link whose ground is gone: a newer password, a sign-in since, or another mailbox.

    A RESCUE survives both: the thief, who knows the old password, could void each by a sign-in or a new password.
    """
    proofs = [person.password_changed_at, person.last_login_at] if link.purpose == Link.RESET else []
    now = current_time(connection)  # what was written while the clock was ahead proves nothing
    if any(proof is not None and link.created_at <= proof <= now for proof in proofs):
        raise LinkInvalid
    if link.email_key != person.email_key:
        find_way_back(connection, link, person)


def _reset(connection: Connection, resources: Resources, token: str, new_hash: str, client: Client) -> None:
    """Change the password and end every session; the second factor stays, and nobody is signed in by it.

    An account whose address nobody had proved belongs to whoever proves it now: nothing stays that was set before.
    """
    link, person = take_link(connection, token, Link.RESET, Link.RESCUE)
    require_good(connection, link, person)
    if way_back := find_way_back(connection, link, person) if link.email_key != person.email_key else None:
        person = bring_back(connection, resources, "email.recovered", way_back, person, client)
    now = current_time(connection)
    values = {"password_hash": new_hash, "password_changed_at": now}
    if not person.is_proved:
        passkeys.remove_factors(connection, person.id)
        second_factors.drop_enrolment(connection, person.id)
        values |= {"email_verified_at": now, "opened_from": None, "phrase": None}
    accounts.update_user(connection, person.id, **values)
    event = "password.reset" if person.is_proved else "account.claimed"
    proved = person._replace(email_verified_at=now, phrase=person.phrase if person.is_proved else None)
    conclude(connection, resources, event, proved, client, other=proved)
