"""Email addresses: confirming them, changing them, and taking an account back to the one before."""

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from app import crud
from app.clients import Client
from app.config import Settings
from app.crud import Principal, one_time_tokens
from app.crud.accounts import Addressee
from app.errors import EmailTaken, LinkInvalid, SessionEnded, TooManyAttempts
from app.identifiers import name_mailbox, normalize_email
from app.logs import log_event
from app.resources import Resources
from app.services.attempts import has_room
from app.services.links import CHANGE, RESCUE, RESET, REVERT, VERIFY, make_link, take_link
from app.services.mails import ADDRESS_WANTED, FIVE_AN_HOUR, find_wait, queue_mail, queue_note
from app.services.notices import circumstances, notify
from app.services.passwords import queue_reset

EMAIL_REVERTED = "email_reverted"


# --- confirming --------------------------------------------------------------------------------------------------


async def send_verification(resources: Resources, principal: Principal) -> bool:
    """Send the link again, at most five times an hour; False when the address is confirmed already."""
    wait = await resources.database.transaction(resend_verification, resources, principal.account.id)
    if wait:
        raise TooManyAttempts(retry_after=wait)
    return wait is not None


def resend_verification(connection: Connection, resources: Resources, user_id: int) -> int | None:
    """Queue another link unless there were many: then return for how many seconds; None when there is no need."""
    if not crud.hold_user(connection, user_id):
        raise SessionEnded
    person = crud.get_addressee(connection, user_id)
    if person is None or person.email_verified_at is not None:
        return None
    wait = find_wait(connection, user_id, "verify_email", FIVE_AN_HOUR)
    if not wait:
        queue_verification(connection, resources, person)
    return wait


def welcome(connection: Connection, resources: Resources, person: Addressee | None) -> None:
    """Queue the first link to a new account, unless the mailbox had five in an hour: it may be a stranger's."""
    if person is not None and has_room(connection, resources, "verify_email", person.email_key):
        queue_verification(connection, resources, person)


def queue_verification(connection: Connection, resources: Resources, person: Addressee) -> None:
    """Queue a mail by which somebody confirms that the address is theirs."""
    link = make_link(connection, resources, VERIFY, person)
    queue_mail(connection, resources, person, "verify_email", belongs_to=person.id, verify_link=link)


async def verify(resources: Resources, token: str) -> None:
    """Take an address as confirmed, by a link."""
    public_id = await resources.database.transaction(_verify, token)
    log_event("email_verified", "success", user_id=public_id)


def _verify(connection: Connection, token: str) -> str:
    link, person = take_link(connection, token, VERIFY)
    if link.email_key != person.email_key:
        raise LinkInvalid
    crud.update_user(connection, person.id, email_verified_at=crud.current_time(connection))
    one_time_tokens.void_links(connection, person.id, (VERIFY,))
    return person.public_id


# --- changing ----------------------------------------------------------------------------------------------------


def is_move(current: str, wanted: str | None) -> bool:
    """Whether this is another mailbox, and not the same one spelt differently.

    EmailTaken for one that has our key and is another all the same: nobody would notice that it got there.
    """
    if wanted is None or normalize_email(current)[1] != normalize_email(wanted)[1]:
        return wanted is not None
    if name_mailbox(current) != name_mailbox(wanted):
        raise EmailTaken
    return False


def must_confirm(settings: Settings, current: str, wanted: str | None) -> bool:
    """Whether a change of address waits for the new mailbox."""
    return settings.confirms_email_changes and is_move(current, wanted)


def request_change(
    connection: Connection, resources: Resources, person: Addressee, wanted: str, client: Client
) -> None:
    """Ask the new mailbox; until it says yes nothing changes, and what was asked before counts no more."""
    email, key = normalize_email(wanted)
    taken = find_holder(connection, key, own=person.id) is not None
    if taken and not resources.settings.prevent_enumeration:
        raise EmailTaken
    one_time_tokens.void_links(connection, person.id, (CHANGE,))
    there = person._replace(email=email, email_key=key, email_verified_at=None)
    # Also for a taken address, where nobody gets the link: the time must not tell.
    facts = {"change_link": make_link(connection, resources, CHANGE, there), **circumstances(connection, client)}
    if taken:
        queue_note(connection, resources, ADDRESS_WANTED, [key, person.public_id], client)
    else:
        queue_mail(connection, resources, there, "email_change_requested", belongs_to=person.id, **facts)


async def confirm_change(resources: Resources, token: str, client: Client) -> None:
    """Switch to the new address, by the link that it received."""
    public_id = await resources.database.transaction(_confirm_change, resources, token, client)
    log_event("email_changed", "success", user_id=public_id)


def _confirm_change(connection: Connection, resources: Resources, token: str, client: Client) -> str:
    link, old = take_link(connection, token, CHANGE)
    now = crud.current_time(connection)
    try:
        crud.update_user(connection, old.id, email=link.email, email_key=link.email_key, email_verified_at=now)
    except IntegrityError:
        raise EmailTaken from None
    finish_change(connection, resources, old, client)
    return old.public_id


def finish_change(connection: Connection, resources: Resources, old: Addressee, client: Client) -> None:
    """Tell both mailboxes of a change just made, and give the old one a way back.

    Whoever returns to an address that holds a way back has gone that way: the links of the addresses in between die,
    and the one just left gets none. Else a thief who was there would take the account back once more.
    """
    new = crud.get_addressee(connection, old.id)
    if new is None or one_time_tokens.find_reservation(connection, REVERT, new.email_key, own=old.id):
        raise EmailTaken
    one_time_tokens.void_links(connection, old.id, (CHANGE,))
    facts = {"new_email": new.email, **circumstances(connection, client)}
    if way_back := one_time_tokens.find_link_to(connection, REVERT, old.id, new.email_key):
        one_time_tokens.void_links(connection, old.id, (REVERT,), since=way_back.created_at)
        queue_mail(connection, resources, old, "email_moved_back", belongs_to=old.id, **facts)
    else:
        facts |= {"revert_link": make_link(connection, resources, REVERT, old)}
        queue_mail(connection, resources, old, "email_moved_away", belongs_to=old.id, **facts)
    _tell_new_mailbox(connection, resources, old, new, client)


def _tell_new_mailbox(
    connection: Connection, resources: Resources, old: Addressee, new: Addressee, client: Client
) -> None:
    if new.email_verified_at is not None:
        notify(connection, resources, new, "email_changed", client, old_email=old.email)
        return
    link = make_link(connection, resources, VERIFY, new)
    notify(connection, resources, new, "email_changed_unverified", client, old_email=old.email, verify_link=link)


async def revert(resources: Resources, token: str, client: Client) -> None:
    """Bring an account back to the address it had, by the link that this address received."""
    public_id = await resources.database.transaction(_revert, resources, token, client)
    log_event("email_reverted", "success", user_id=public_id)


def _revert(connection: Connection, resources: Resources, token: str, client: Client) -> str:
    """Restore the address, end every session, start a reset; all links made since that change are void."""
    link, lost = take_link(connection, token, REVERT)
    now = crud.current_time(connection)
    try:
        crud.update_user(connection, lost.id, email=link.email, email_key=link.email_key, email_verified_at=now)
    except IntegrityError:
        raise LinkInvalid from None
    one_time_tokens.void_links(connection, lost.id, (REVERT,), since=link.created_at)
    one_time_tokens.void_links(connection, lost.id, (CHANGE, RESET, RESCUE, VERIFY))
    crud.end_sessions(connection, lost.id, EMAIL_REVERTED, now)
    restored = lost._replace(email=link.email, email_key=link.email_key)
    facts = {"new_email": restored.email, **circumstances(connection, client)}
    queue_mail(connection, resources, lost, "email_moved_back", belongs_to=lost.id, **facts)
    queue_reset(connection, resources, restored, RESCUE, client)
    return lost.public_id


# --- addresses that are taken ------------------------------------------------------------------------------------


def find_holder(connection: Connection, email_key: str, own: int = 0) -> Addressee | None:
    """Find the account other than `own` that has this address, or may take it back."""
    person = crud.find_addressee(connection, email_key)
    if person is not None and person.id != own:
        return person
    link = one_time_tokens.find_reservation(connection, REVERT, email_key, own)
    owner = crud.get_addressee(connection, link.user_id) if link else None
    if link is None or owner is None:
        return None
    return owner._replace(email=link.email, email_key=link.email_key, email_verified_at=None)


def answer_claim(connection: Connection, resources: Resources, claim: tuple[str, str], client: Client) -> None:
    """Write to the mailbox that somebody wanted for an account: its link to a new account, its owner otherwise.

    The owner hears of it at most five times an hour.
    """
    email_key, claimant = claim
    holder = find_holder(connection, email_key)
    if holder is None:
        return
    if holder.public_id == claimant:
        welcome(connection, resources, holder)
    elif not find_wait(connection, holder.id, "account_exists", FIVE_AN_HOUR):
        facts = {"forgot_link": f"{resources.settings.public_url}/password/forgot", **circumstances(connection, client)}
        queue_mail(connection, resources, holder, "account_exists", belongs_to=holder.id, **facts)
