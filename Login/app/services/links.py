"""Links in mails: made with the configured address only, kept as hashes, good once."""

from datetime import timedelta

from sqlalchemy import Connection

from app import auth, crud
from app.crud import one_time_tokens
from app.crud.accounts import Addressee
from app.crud.one_time_tokens import Link
from app.errors import LinkInvalid
from app.models import OneTimeToken
from app.resources import Resources

RESET, RESCUE, VERIFY, CHANGE = "reset", "rescue", "verify", "change"
REVERT, DISOWN = "revert", "disown"

PAGES = {
    RESET: ("/password/reset", timedelta(minutes=30)),
    RESCUE: ("/password/reset", timedelta(minutes=30)),
    VERIFY: ("/email/verify", timedelta(hours=24)),
    CHANGE: ("/email/change", timedelta(hours=24)),
    REVERT: ("/email/revert", timedelta(hours=72)),
    DISOWN: ("/account/disown", timedelta(hours=72)),
}


def make_link(connection: Connection, resources: Resources, purpose: str, person: Addressee) -> str:
    """Make a link for somebody, about the mailbox that it goes to."""
    (path, lifetime), now = PAGES[purpose], crud.current_time(connection)
    token, token_hash = auth.make_one_time_token()
    row = OneTimeToken(
        token_hash=token_hash,
        purpose=purpose,
        user_id=person.id,
        email=person.email,
        email_key=person.email_key,
        created_at=now,
        expires_at=now + lifetime,
    )
    one_time_tokens.insert_token(connection, row)
    return f"{resources.settings.public_url}{path}?token={token}"


def find_link(connection: Connection, token: str, *purposes: str) -> tuple[Link, Addressee]:
    """Look at a link from a mail; LinkInvalid when it is used, expired or made up, or its account serves nobody."""
    return _with_owner(connection, one_time_tokens.find_link(connection, auth.hash_one_time_token(token), *purposes))


def take_link(connection: Connection, token: str, *purposes: str) -> tuple[Link, Addressee]:
    """Use up a link from a mail, holding its account; a refusal later in the transaction gives it back."""
    link = one_time_tokens.take_link(connection, auth.hash_one_time_token(token), *purposes)
    if link is not None:
        crud.hold_user(connection, link.user_id)
    return _with_owner(connection, link)


def _with_owner(connection: Connection, link: Link | None) -> tuple[Link, Addressee]:
    person = crud.get_addressee(connection, link.user_id) if link else None
    if link is None or person is None or person.disabled_at is not None:
        raise LinkInvalid
    return link, person


def is_mailbox_of(connection: Connection, link: Link, person: Addressee) -> bool:
    """Whether the mailbox of a link is the account's address, or was and may still take the account back."""
    if link.email_key == person.email_key:
        return True
    return one_time_tokens.find_link_to(connection, REVERT, person.id, link.email_key) is not None
