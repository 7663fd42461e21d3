"""Passwords forgotten: a request that tells nobody anything, and a new password by the link in the mail."""

from sqlalchemy import Connection

from app import crud
from app.clients import Client
from app.crud import one_time_tokens
from app.crud.accounts import Addressee
from app.crud.one_time_tokens import Link
from app.errors import LinkInvalid
from app.fair_queue import party_of
from app.identifiers import login_keys
from app.logs import log_event
from app.passwords import check_password
from app.resources import Resources
from app.schemas import PasswordReset, PasswordResetRequest
from app.services.links import CHANGE, RESCUE, RESET, find_link, is_mailbox_of, make_link, take_link
from app.services.mails import FIVE_AN_HOUR, RESET_REQUEST, find_wait, queue_mail, queue_note
from app.services.notices import circumstances, notify

RESET_MAIL = "password_reset"
PASSWORD_RESET = "password_reset"


async def request_reset(resources: Resources, body: PasswordResetRequest, client: Client) -> None:
    """Leave a note for the mail worker, whatever the address: neither body nor time tell whether it is known."""
    await resources.database.transaction(queue_note, resources, RESET_REQUEST, body.email, client)
    log_event("password_reset_requested", "unknown")


def grant_reset(connection: Connection, resources: Resources, typed: str, client: Client) -> None:
    """Queue the mail with the link if the address is an account's, at most five an hour."""
    person = _find_person(connection, typed)
    if person is None or person.disabled_at is not None:
        return
    if not find_wait(connection, person.id, RESET_MAIL, FIVE_AN_HOUR):
        queue_reset(connection, resources, person, RESET, client)


def _find_person(connection: Connection, typed: str) -> Addressee | None:
    key = (login_keys(typed) or {}).get("email_key")
    return crud.find_addressee(connection, key) if key else None


def queue_reset(connection: Connection, resources: Resources, person: Addressee, purpose: str, client: Client) -> None:
    """Queue the mail with the link to a new password; RESCUE also outlives sign-ins of whoever knows the old one."""
    facts = {"reset_link": make_link(connection, resources, purpose, person), **circumstances(connection, client)}
    queue_mail(connection, resources, person, RESET_MAIL, belongs_to=person.id, **facts)


async def confirm_reset(resources: Resources, body: PasswordReset, client: Client) -> None:
    """Set a new password by a link; a refused password does not use the link up."""
    token, password = body.token.get_secret_value(), body.new_password.get_secret_value()
    person = await resources.database.read(_find_person_of, token)
    check_password(password, (person.email, person.username), resources.common_passwords)
    new_hash = await resources.hashes.hash(password, party_of(client.address))
    await resources.database.transaction(_reset, resources, token, new_hash, client)
    log_event("password_reset", "success", user_id=person.public_id)


def _find_person_of(connection: Connection, token: str) -> Addressee:
    link, person = find_link(connection, token, RESET, RESCUE)
    _require_good(connection, link, person)
    return person


def _require_good(connection: Connection, link: Link, person: Addressee) -> None:
    """Refuse a link whose ground is gone: a newer password, a sign-in since, or another mailbox.

    A RESCUE survives both: the thief, who knows the old password, could void each by a sign-in or a new password.
    """
    proofs = [person.password_changed_at, person.last_login_at] if link.purpose == RESET else []
    now = crud.current_time(connection)  # what was written while the clock was ahead proves nothing
    if any(proof is not None and link.created_at <= proof <= now for proof in proofs):
        raise LinkInvalid
    if not is_mailbox_of(connection, link, person):
        raise LinkInvalid


def _reset(connection: Connection, resources: Resources, token: str, new_hash: str, client: Client) -> None:
    """Change the password and end every session; the second factor stays, and nobody is signed in by it."""
    link, person = take_link(connection, token, RESET, RESCUE)
    _require_good(connection, link, person)
    now = crud.current_time(connection)
    # Whoever opened the link reads this mailbox.
    verified = {"email_verified_at": now} if link.email_key == person.email_key else {}
    crud.update_user(connection, person.id, password_hash=new_hash, password_changed_at=now, **verified)
    crud.end_sessions(connection, person.id, PASSWORD_RESET, now)
    one_time_tokens.void_links(connection, person.id, (RESET, RESCUE, CHANGE))
    notify(connection, resources, person, "password_was_reset", client)
    if link.email_key != person.email_key:
        there = person._replace(email=link.email, email_key=link.email_key)
        notify(connection, resources, there, "password_was_reset", client)
