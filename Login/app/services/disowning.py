"""The words "this was not me": what the owner of a mailbox can do about a notice, without signing in."""

from collections.abc import Callable, Mapping
from datetime import datetime

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from app.authority.letters import Link as Purpose
from app.clients.addresses import Client
from app.crud import accounts, one_time_tokens, passkeys, second_factors
from app.crud.accounts import Addressee
from app.crud.one_time_tokens import Link
from app.crud.sessions import Principal
from app.errors import EventNotFound
from app.resources import Resources
from app.runtime.logs import log_event
from app.services.consequences import conclude
from app.services.emails import at_address, bring_back
from app.services.history import can_disown, read_id
from app.services.links import find_way_back, take_link
from app.services.proofs import require_session


async def disown(resources: Resources, token: str, client: Client) -> None:
    """Take back what a notice told, end every session and mail a way to a new password, by the notice's link."""
    public_id, event = await resources.database.transaction(_disown, resources, token, client)
    log_event("disowned", "success", user_id=public_id, change=event or "none")


def _disown(connection: Connection, resources: Resources, token: str, client: Client) -> tuple[str, str | None]:
    """Act for the mailbox that the notice went to, while it is the account's or may take the account back.

    Where the account was moved within the last 72 hours, the way to a new password goes to the address that was proved
    before; and so does the account, if that is who asks or if it is the move that was told.
    """
    link, person = take_link(connection, token, Purpose.DISOWN, Purpose.VERIFY)
    way_back = find_way_back(connection, link, person)
    is_about_address = link.purpose == Purpose.VERIFY or (link.event or "").startswith("email.")
    if way_back is not None and (link.email_key != person.email_key or is_about_address):
        _undo(connection, link, person)
        bring_back(connection, resources, "email.reverted", way_back, person, client)
    else:
        _undo(connection, link, person)
        there = at_address(person, way_back) if way_back else person
        conclude(connection, resources, "account.disowned", person, client, other=there)
    return person.public_id, link.event


def _undo(connection: Connection, link: Link, person: Addressee) -> None:
    if take_back := TAKE_BACK.get(link.event or ""):
        take_back(connection, link, person)


async def disown_event(resources: Resources, principal: Principal, event_id: str, client: Client) -> None:
    """Do what "this was not me" of an event's notice would do, for somebody who has just proved who they are.

    But for the address: that is the mailbox' to move, for which the person's proof is not enough.
    """
    public_id, event = await resources.database.transaction(_disown_event, resources, principal, event_id, client)
    log_event("disowned", "success", user_id=public_id, change=event or "none")


def _disown_event(
    connection: Connection, resources: Resources, principal: Principal, event_id: str, client: Client
) -> tuple[str, str | None]:
    require_session(connection, principal)
    link = one_time_tokens.take_link_of_event(connection, principal.account.id, read_id(event_id), Purpose.DISOWN)
    person = accounts.get_addressee(connection, principal.account.id)
    if link is None or person is None or not can_disown(link.event):
        raise EventNotFound
    _undo(connection, link, person)
    way_back = one_time_tokens.find_way_back(connection, Purpose.REVERT, person.id, beside=person.email_key)
    there = at_address(person, way_back) if way_back else person
    conclude(connection, resources, "event.disowned", person, client, other=there)
    return person.public_id, link.event


def _take_totp_back(connection: Connection, link: Link, person: Addressee) -> None:
    """Switch off the factor that went on then, or one that went on since: an older one cannot be there."""
    second_factors.disable_totp(connection, person.id)
    _take_first_codes_back(connection, link, person)


def _take_passkey_back(connection: Connection, link: Link, person: Addressee) -> None:
    """Remove the passkey that was added then, and those added since: their notices may be summed up in one."""
    passkeys.remove_passkey(connection, person.id, link.former.get("passkey") or "")
    passkeys.remove_passkeys_since(connection, person.id, datetime.fromisoformat(link.former.get("since") or ""))
    _take_first_codes_back(connection, link, person)


def _take_first_codes_back(connection: Connection, link: Link, person: Addressee) -> None:
    """Void the recovery codes that came with a factor: whoever added it has read them."""
    if link.former.get("codes"):
        second_factors.void_recovery_codes(connection, person.id)


def _take_codes_back(connection: Connection, _link: Link, person: Addressee) -> None:
    second_factors.void_recovery_codes(connection, person.id)


def _take_phrase_back(connection: Connection, link: Link, person: Addressee) -> None:
    accounts.update_user(connection, person.id, phrase=link.former.get("phrase"))


def _take_username_back(connection: Connection, link: Link, person: Addressee) -> None:
    """Give the former name back, which nobody could take meanwhile; leave it where somebody did all the same."""
    try:
        with connection.begin_nested():
            accounts.update_user(connection, person.id, **link.former)
    except IntegrityError:
        log_event("username_taken_meanwhile", "failure", user_id=person.public_id)


TAKE_BACK: Mapping[str, Callable[[Connection, Link, Addressee], None]] = {
    "factor.totp.enabled": _take_totp_back,
    "factor.passkey.added": _take_passkey_back,
    "recovery_codes.replaced": _take_codes_back,
    "phrase.changed": _take_phrase_back,
    "username.changed": _take_username_back,
}
