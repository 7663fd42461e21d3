"""Links in mails: made with the configured address only, kept as hashes, good once."""

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import NamedTuple

from sqlalchemy import Connection

from app import auth
from app.authority.changes import UNDO_FOR
from app.authority.letters import Link as Purpose
from app.crud import accounts, one_time_tokens
from app.crud.accounts import Addressee
from app.crud.one_time_tokens import Link
from app.crud.operations import current_time
from app.errors import LinkInvalid
from app.models import OneTimeToken
from app.resources import Resources

PAGES = {
    Purpose.RESET: ("/password/reset", timedelta(minutes=30)),
    Purpose.RESCUE: ("/password/reset", timedelta(minutes=30)),
    Purpose.VERIFY: ("/email/verify", timedelta(hours=24)),
    Purpose.CHANGE: ("/email/change", timedelta(hours=24)),
    Purpose.REVERT: ("/email/revert", UNDO_FOR),
    Purpose.DISOWN: ("/account/disown", UNDO_FOR),
}


class Told(NamedTuple):
    """The change that a notice tells of, so that its link can take it back to what was there before."""

    event: str | None = None
    id: bytes | None = None
    former: Mapping[str, str | None] | None = None


NO_CHANGE = Told()


def make_link(
    connection: Connection, resources: Resources, purpose: Purpose, person: Addressee, told: Told = NO_CHANGE
) -> str:
    """Make a link for somebody, about the mailbox that it goes to; a former username stays reserved for as long."""
    (path, lifetime), now = PAGES[purpose], current_time(connection)
    token, token_hash = auth.make_one_time_token()
    row = OneTimeToken(
        token_hash=token_hash,
        purpose=purpose,
        user_id=person.id,
        email=person.email,
        email_key=person.email_key,
        event=told.event,
        event_id=told.id,
        former=json.dumps(told.former) if told.former else None,
        username_key=told.former.get("username_key") if told.former else None,
        created_at=now,
        expires_at=now + lifetime,
    )
    one_time_tokens.insert_token(connection, row)
    return f"{resources.settings.public_url}{path}?token={token}"


def find_link(connection: Connection, token: str, *purposes: Purpose) -> tuple[Link, Addressee]:
    """Look at a link from a mail; LinkInvalid when it is used, expired or made up, or its account serves nobody."""
    return _with_owner(connection, one_time_tokens.find_link(connection, auth.hash_one_time_token(token), *purposes))


def take_link(connection: Connection, token: str, *purposes: Purpose) -> tuple[Link, Addressee]:
    """Use up a link from a mail, holding its account; a refusal later in the transaction gives it back."""
    link = one_time_tokens.take_link(connection, auth.hash_one_time_token(token), *purposes)
    if link is not None:
        accounts.hold_user(connection, link.user_id)
    return _with_owner(connection, link)


def _with_owner(connection: Connection, link: Link | None) -> tuple[Link, Addressee]:
    person = accounts.get_addressee(connection, link.user_id) if link else None
    if link is None or person is None or person.disabled_at is not None:
        raise LinkInvalid
    return link, person


def find_way_back(connection: Connection, link: Link, person: Addressee) -> Link | None:
    """Find the way back to a former address that whoever holds this link can set going; LinkInvalid for a stranger's.

    While one lives, the mailbox that was proved before has more authority than the one that came after it: from the
    present mailbox it is the oldest, from a former one its own.
    """
    if link.email_key == person.email_key:
        return one_time_tokens.find_way_back(connection, Purpose.REVERT, person.id, beside=person.email_key)
    own = one_time_tokens.find_link_to(connection, Purpose.REVERT, person.id, link.email_key)
    if own is None:
        raise LinkInvalid
    return own
