"""Accounts: registering, showing, changing and deleting them."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from app import auth, crud
from app.auth import Pair
from app.clients import Client
from app.config import Settings
from app.crud import Addressee, Principal, SessionRow
from app.crud.one_time_tokens import void_links
from app.errors import (
    CurrentPasswordRequired,
    EmailDomainPrivate,
    EmailTaken,
    SessionEnded,
    UsernameReserved,
    UsernameTaken,
)
from app.identifiers import find_private_domain, normalize_email, normalize_username
from app.logs import log_event
from app.models import Session, User
from app.passwords import check_password
from app.reserved import is_reserved
from app.resources import Resources
from app.schemas import Account, Deletion, Profile, Registration, UserUpdate
from app.services.attempts import count_move
from app.services.emails import (
    find_holder,
    finish_change,
    is_move,
    must_confirm,
    request_change,
    welcome,
)
from app.services.links import CHANGE
from app.services.mails import ADDRESS_WANTED, queue_note
from app.services.notices import notify, tell_of_deletion
from app.services.proofs import Proof, prove, require_session, spend_proof
from app.services.sessions import FRESH, PASSWORD_CHANGED, describe_session, issue_pair


async def register(resources: Resources, body: Registration, client: Client) -> str:
    """Make an account and return its public id; the unique indexes decide who was first."""
    _refuse_private(resources.settings, body.email)
    _refuse_reserved(resources.settings, body.username)
    password = body.password.get_secret_value()
    check_password(password, (body.email, body.username), resources.common_passwords)
    password_hash = await resources.hashes.hash(password)
    public_id = await resources.database.transaction(_insert, resources, body, password_hash, client)
    log_event("registered", "success", user_id=public_id)
    return public_id


def _insert(
    connection: Connection, resources: Resources, body: Registration, password_hash: str, client: Client
) -> str:
    now, public_id = crud.current_time(connection), auth.make_id()
    user = User(
        public_id=public_id,
        password_hash=password_hash,
        password_changed_at=now,
        created_at=now,
        **_email_columns(body.email),
        **_username_columns(body.username),
    )
    if resources.settings.prevent_enumeration:
        # A taken username is refused first: it must not matter then whether the address is taken too. And where that
        # is, this is an id of nobody's; whom to write what, the worker finds out.
        _refuse_taken(connection, None, user.username_key)
        _add(connection, user)
        queue_note(connection, resources, ADDRESS_WANTED, [user.email_key, public_id], client)
    elif _add(connection, user) is None:
        welcome(connection, resources, crud.find_addressee(connection, user.email_key))
    else:
        raise EmailTaken
    return public_id


def _add(connection: Connection, user: User) -> Addressee | None:
    """Add an account, or return who holds its address, or may take it back."""
    try:
        user_id = crud.insert_user(connection, user)
    except IntegrityError:
        holder = find_holder(connection, user.email_key)
        if holder is None:
            _refuse_taken(connection, None, user.username_key)
            raise
        return holder
    holder = find_holder(connection, user.email_key, own=user_id)
    if holder is not None:
        crud.delete_user(connection, user_id)
    return holder


def _email_columns(typed: str) -> dict[str, Any]:
    email, key = normalize_email(typed)
    return {"email": email, "email_key": key}


def _username_columns(typed: str | None) -> dict[str, Any]:
    username, key = normalize_username(typed) if typed else (None, None)
    return {"username": username, "username_key": key}


def _refuse_private(settings: Settings, typed: str | None) -> None:
    """Refuse addresses that no mail from outside reaches, unless the operator has named their domain."""
    domain = find_private_domain(normalize_email(typed)[0]) if typed else None
    allowed = settings.private_email_domains
    if domain and not any(f".{domain}".lower().endswith(f".{name}") for name in allowed):
        raise EmailDomainPrivate


def _refuse_reserved(settings: Settings, typed: str | None, own: str | None = None) -> None:
    """Refuse names of those who speak for the service; whoever has one from before may go on writing it."""
    key = _username_columns(typed)["username_key"]
    if typed and key != _username_columns(own)["username_key"] and is_reserved(key, settings.totp_issuer):
        raise UsernameReserved


def _refuse_taken(connection: Connection, email_key: str | None, username_key: str | None, own: int = 0) -> None:
    taken = crud.find_taken(connection, email_key, username_key, own)
    if taken == "email_key":
        raise EmailTaken
    if taken == "username_key":
        raise UsernameTaken


def show_profile(settings: Settings, principal: Principal) -> Profile:
    """Tell what the seed's profile tells."""
    account = principal.account
    phrase = account.phrase or settings.anti_phishing_phrase_default
    return Profile(email=account.email, username=account.username, role=account.role, phrase=phrase)


async def show_account(resources: Resources, principal: Principal) -> Account:
    """Tell a person everything that they may want to see of their account."""
    account, session = principal.account, principal.session
    left = await resources.database.read(crud.count_recovery_codes, account.id) if account.has_totp else 0
    return Account(
        **show_profile(resources.settings, principal).model_dump(),
        user_id=account.public_id,
        email_verified=account.email_verified_at is not None,
        phrase_is_default=account.phrase is None,
        totp_enabled=account.has_totp,
        recovery_codes_left=left,
        created_at=account.created_at,
        last_login_at=account.last_login_at,
        fresh_until=session.authenticated_at + FRESH,
        session=describe_session(session, current=True),
    )


async def update(resources: Resources, principal: Principal, body: UserUpdate, client: Client) -> Pair | None:
    """Make all the changes or none; a new password ends every session and gives the caller a new one.

    Where changes of address wait for the new mailbox, that change is only asked for.
    """
    _refuse_private(resources.settings, body.new_email)
    _refuse_reserved(resources.settings, body.username, principal.account.username)
    proof = await _prove_for_update(resources, principal, body, client)
    new_hash = None
    if body.new_password is not None:
        password = body.new_password.get_secret_value()
        account = principal.account
        own_words = (account.email, account.username, body.new_email, body.username)
        check_password(password, own_words, resources.common_passwords)
        new_hash = await resources.hashes.hash(password)
    session = await resources.database.transaction(_apply_update, resources, principal, proof, body, new_hash, client)
    log_event("account_updated", "success", user_id=principal.account.public_id, changed=sorted(body.changes))
    return issue_pair(resources, principal.account.public_id, session, session.rotated_at) if session else None


async def _prove_for_update(
    resources: Resources, principal: Principal, body: UserUpdate, client: Client
) -> Proof | None:
    """Email and password change only for whoever knows the current password."""
    if body.current_password is not None:
        return await prove(resources, principal.account.id, body.current_password, None, client, need_code=False)
    if body.new_email is not None or body.new_password is not None:
        raise CurrentPasswordRequired
    return None


def _apply_update(  # noqa: PLR0913, PLR0917 one transaction decides over all of it
    connection: Connection,
    resources: Resources,
    principal: Principal,
    proof: Proof | None,
    body: UserUpdate,
    new_hash: str | None,
    client: Client,
) -> Session | None:
    if proof is not None:
        spend_proof(connection, proof)
    session = require_session(connection, principal)
    old = crud.get_addressee(connection, principal.account.id)
    if old is None:
        raise SessionEnded
    if is_move(old.email, body.new_email):
        count_move(connection, resources, old.public_id)
    values = _collect_changes(resources.settings, old, body)
    if new_hash is not None:
        values |= {"password_hash": new_hash, "password_changed_at": crud.current_time(connection)}
    if values:
        _save(connection, old.id, values)
    _tell(connection, resources, old, values, client)
    if must_confirm(resources.settings, old.email, body.new_email):
        request_change(connection, resources, old, body.new_email or "", client)
    return _replace_sessions(connection, old.id, session, client) if new_hash is not None else None


def _collect_changes(settings: Settings, old: Addressee, body: UserUpdate) -> dict[str, Any]:
    values: dict[str, Any] = {}
    if body.phrase is not None:  # the default is kept as "none chosen", so that it is never taken for the person's own
        values["phrase"] = None if body.phrase == settings.anti_phishing_phrase_default else body.phrase
    if body.username is not None:
        values |= _username_columns(body.username)
    if body.new_email is not None and not must_confirm(settings, old.email, body.new_email):
        values |= _email_columns(body.new_email)
        values |= {"email_verified_at": None} if values["email_key"] != old.email_key else {}
    return values


def _tell(
    connection: Connection, resources: Resources, old: Addressee, values: Mapping[str, Any], client: Client
) -> None:
    """Tell the owner of changes just made: at the old address and in the old phrase, which no thief has chosen."""
    if "password_hash" in values:
        void_links(connection, old.id, (CHANGE,))
        notify(connection, resources, old, "password_changed", client)
    if values.get("phrase", old.phrase) != old.phrase:
        notify(connection, resources, old, "phrase_changed", client)
    if values.get("email_key", old.email_key) != old.email_key:
        finish_change(connection, resources, old, client)


def _save(connection: Connection, user_id: int, values: dict[str, Any]) -> None:
    try:
        if not crud.update_user(connection, user_id, **values):
            raise SessionEnded
    except IntegrityError:
        _refuse_taken(connection, values.get("email_key"), values.get("username_key"), user_id)
        raise


def _replace_sessions(connection: Connection, user_id: int, old: SessionRow, client: Client) -> Session:
    """End every session, the caller's too, for a thief may hold its tokens; go on in a new one.

    The new one is as fresh as the old and ends when it would have: a password alone, without a code, is no new login.
    """
    now = crud.current_time(connection)
    crud.end_sessions(connection, user_id, PASSWORD_CHANGED, now)
    session = Session(
        sid=auth.make_id(),
        user_id=user_id,
        rotated_at=now,
        created_at=old.created_at,
        last_seen_at=now,
        authenticated_at=old.authenticated_at,
        expires_at=old.expires_at,
        remember=old.remember,
        client_address=client.address,
        user_agent=client.user_agent,
    )
    crud.insert_session(connection, session)
    return session


async def delete(resources: Resources, principal: Principal, body: Deletion, client: Client) -> None:
    """Remove the account with everything that belongs to it."""
    proof = await prove(resources, principal.account.id, body.current_password, body.totp, client)
    await resources.database.transaction(_delete, resources, principal, proof, client)
    log_event("account_deleted", "success", user_id=principal.account.public_id)


def _delete(connection: Connection, resources: Resources, principal: Principal, proof: Proof, client: Client) -> None:
    spend_proof(connection, proof)
    require_session(connection, principal)
    person = crud.get_addressee(connection, proof.account.id)
    if person is not None and crud.delete_user(connection, person.id):
        tell_of_deletion(connection, resources, person, client)
