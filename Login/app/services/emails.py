"""Email addresses: confirming them, changing them, and taking an account back to the one before."""

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from app.authority.letters import Link as Purpose
from app.clients.addresses import Client
from app.config import Settings
from app.crud import accounts, one_time_tokens
from app.crud.accounts import Addressee
from app.crud.one_time_tokens import Link
from app.crud.operations import current_time
from app.crud.sessions import Principal
from app.errors import EmailTaken, LinkInvalid, SessionEnded, TooManyAttempts
from app.identifiers import name_mailbox, normalize_email
from app.resources import Resources
from app.runtime.logs import log_event
from app.services.consequences import conclude
from app.services.links import make_link, take_link
from app.services.mails import ADDRESS_WANTED, find_room, queue_mail, queue_note
from app.services.trail import record

# --- confirming --------------------------------------------------------------------------------------------------


async def send_verification(resources: Resources, principal: Principal) -> bool:
    """Send the link again, at most five times an hour; False when the address is confirmed already."""
    wait = await resources.database.transaction(resend_verification, resources, principal.account.id)
    if wait:
        raise TooManyAttempts(retry_after=wait)
    return wait is not None


def resend_verification(connection: Connection, resources: Resources, user_id: int) -> int | None:
    """Queue another link unless there were many: then return for how many seconds; None when there is no need."""
    if not accounts.hold_user(connection, user_id):
        raise SessionEnded
    person = accounts.get_addressee(connection, user_id)
    if person is None or person.is_proved:
        return None
    return queue_mail(connection, resources, person, "verify_email", None)


async def verify(resources: Resources, token: str, client: Client) -> None:
    """Take an address as confirmed, by a link."""
    public_id = await resources.database.transaction(_verify, resources, token, client)
    log_event("email_verified", "success", user_id=public_id)


def _verify(connection: Connection, resources: Resources, token: str, client: Client) -> str:
    link, person = take_link(connection, token, Purpose.VERIFY)
    if link.email_key != person.email_key:
        raise LinkInvalid
    now = current_time(connection)
    accounts.update_user(connection, person.id, email_verified_at=now, opened_from=None)
    conclude(connection, resources, "email.confirmed", person, client)
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


def must_confirm(settings: Settings, current: str, wanted: str | None, *, has_factor: bool) -> bool:
    """Whether a change of address waits for the new mailbox; a second factor never stands beside an unproved one."""
    waits = settings.confirms_email_changes or (has_factor and settings.reaches_mailboxes)
    return is_move(current, wanted) and waits


def request_change(
    connection: Connection, resources: Resources, person: Addressee, wanted: str, client: Client
) -> None:
    """Ask the new mailbox; until it says yes nothing changes, and what was asked before counts no more."""
    email, key = normalize_email(wanted)
    there = person._replace(email=email, email_key=key, email_verified_at=None)
    if find_holder(connection, key, own=person.id) is None:
        conclude(connection, resources, "email.change_requested", person, client, other=there)
        return
    if not resources.settings.prevent_enumeration:
        raise EmailTaken
    # As much work as above, though nobody gets the link: neither the time nor the account's own history must tell.
    record(connection, resources.settings, "email.change_requested", person.public_id, client)
    one_time_tokens.void_links(connection, person.id, (Purpose.CHANGE,))
    if not find_room(connection, resources, there, "email_change_requested"):
        make_link(connection, resources, Purpose.CHANGE, there)
        queue_note(connection, resources, ADDRESS_WANTED, [key, person.public_id], client)


async def confirm_change(resources: Resources, token: str, client: Client) -> None:
    """Switch to the new address, by the link that it received."""
    public_id = await resources.database.transaction(_confirm_change, resources, token, client)
    log_event("email_changed", "success", user_id=public_id)


def _confirm_change(connection: Connection, resources: Resources, token: str, client: Client) -> str:
    link, old = take_link(connection, token, Purpose.CHANGE)
    if not _move(connection, old, link):
        raise EmailTaken
    finish_change(connection, resources, "email.change_confirmed", old, client)
    return old.public_id


def _move(connection: Connection, person: Addressee, link: Link) -> bool:
    """Give an account the address that a link has proved; False when it is another one's."""
    now = current_time(connection)
    try:
        return accounts.update_user(
            connection, person.id, email=link.email, email_key=link.email_key, email_verified_at=now, opened_from=None
        )
    except IntegrityError:
        return False


def finish_change(connection: Connection, resources: Resources, event: str, old: Addressee, client: Client) -> None:
    """Tell both mailboxes of a change just made; a former one that was confirmed gets a way back.

    Whoever returns to an address that holds a way back has gone that way: the links of the addresses in between die,
    and the one just left gets none. Else a thief who was there would take the account back once more.
    """
    new = accounts.get_addressee(connection, old.id)
    if new is None or one_time_tokens.find_reservation(connection, Purpose.REVERT, new.email_key, own=old.id):
        raise EmailTaken
    if way_back := one_time_tokens.find_link_to(connection, Purpose.REVERT, old.id, new.email_key):
        one_time_tokens.void_links(connection, old.id, (Purpose.REVERT,), since=way_back.created_at)
        event = "email.returned"
    facts = {"old_email": old.email, "new_email": new.email}
    conclude(connection, resources, event, old, client, other=new, facts=facts)


async def revert(resources: Resources, token: str, client: Client) -> None:
    """Bring an account back to the address it had, by the link that this address received."""
    public_id = await resources.database.transaction(_revert, resources, token, client)
    log_event("email_reverted", "success", user_id=public_id)


def _revert(connection: Connection, resources: Resources, token: str, client: Client) -> str:
    link, person = take_link(connection, token, Purpose.REVERT)
    bring_back(connection, resources, "email.reverted", link, person, client)
    return person.public_id


def bring_back(  # noqa: PLR0913, PLR0917 which account comes back by which way, and who asked
    connection: Connection, resources: Resources, event: str, way_back: Link, lost: Addressee, client: Client
) -> Addressee:
    """Restore the address of a way back and return the account as it is now; what came after that change is void."""
    if not _move(connection, lost, way_back):
        raise LinkInvalid
    one_time_tokens.void_links(connection, lost.id, (Purpose.REVERT,), since=way_back.created_at)
    restored = at_address(lost, way_back)
    conclude(connection, resources, event, lost, client, other=restored, facts={"new_email": restored.email})
    return restored


# --- addresses that are taken ------------------------------------------------------------------------------------


def find_holder(connection: Connection, email_key: str, own: int = 0) -> Addressee | None:
    """Find the account other than `own` that has this address, or may take it back."""
    person = accounts.find_addressee(connection, email_key)
    if person is not None and person.id != own:
        return person
    return find_former_holder(connection, email_key, own)


def find_former_holder(connection: Connection, email_key: str, own: int = 0) -> Addressee | None:
    """Find the account other than `own` that had this address and may take it back, as if it had it still."""
    link = one_time_tokens.find_reservation(connection, Purpose.REVERT, email_key, own)
    owner = accounts.get_addressee(connection, link.user_id) if link else None
    if link is None or owner is None:
        return None
    return at_address(owner, link)


def at_address(person: Addressee, way_back: Link) -> Addressee:
    """Return an account as it is at a former address, which was proved: else it had no way back."""
    return person._replace(email=way_back.email, email_key=way_back.email_key, email_verified_at=way_back.created_at)


def answer_claim(connection: Connection, resources: Resources, claim: tuple[str, str], client: Client) -> None:
    """Write to the mailbox that somebody wanted for an account: its link to a new account, its owner otherwise."""
    email_key, claimant = claim
    holder = find_holder(connection, email_key)
    if holder is None:
        return
    if holder.public_id == claimant:
        conclude(connection, resources, "account.registered", holder, client)
    else:
        link = f"{resources.settings.public_url}/password/forgot"
        record(connection, resources.settings, "email.claimed", holder.public_id, client)
        queue_mail(connection, resources, holder, "account_exists", client, facts={"forgot_link": link})
