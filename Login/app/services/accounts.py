"""Accounts: registering, showing, changing and deleting them."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from app import auth, errors
from app.auth import Pair
from app.clients.addresses import Client
from app.config import Settings
from app.crud import accounts
from app.crud.accounts import Addressee
from app.crud.one_time_tokens import is_claimed
from app.crud.operations import current_time
from app.crud.sessions import Principal
from app.identifiers import find_private_domain, normalize_email, normalize_username
from app.languages.tags import Tag
from app.models import Session, User
from app.resources import Resources
from app.runtime.logs import log_event
from app.schemas import Deletion, Profile, Registration, UserUpdate
from app.services.attempts import count_move
from app.services.consequences import conclude
from app.services.emails import find_holder, finish_change, is_move, must_confirm, request_change
from app.services.mails import ADDRESS_WANTED, describe_client, queue_note
from app.services.oblivion import leave_no_trace
from app.services.passwords import hash_new
from app.services.proofs import Proof, ask_for_factor, begin_change, needs_factor
from app.services.reauthentication import follow_session, prove, prove_for
from app.services.reserved import is_reserved
from app.services.sessions import is_fresh, issue_pair


async def register(resources: Resources, body: Registration, client: Client, language: Tag | None = None) -> str:
    """Make an account and return its public id; the unique indexes decide who was first."""
    _refuse_private(resources.settings, body.email)
    _refuse_reserved(resources.settings, body.username)
    password_hash = await hash_new(resources, body.password, (body.email, body.username), client)
    public_id = await resources.database.transaction(_insert, resources, body, password_hash, client, language)
    log_event("registered", "success", user_id=public_id)
    return public_id


def _insert(  # noqa: PLR0913, PLR0917 all that an account begins with
    connection: Connection,
    resources: Resources,
    body: Registration,
    password_hash: str,
    client: Client,
    language: Tag | None,
) -> str:
    now, public_id = current_time(connection), auth.make_id()
    user = User(
        public_id=public_id,
        password_hash=password_hash,
        password_changed_at=now,
        created_at=now,
        opened_from=describe_client(client),
        language=language,
        **_email_columns(body.email),
        **_username_columns(body.username),
    )
    if resources.settings.prevent_enumeration:
        # A taken username is refused first: it must not matter then whether the address is taken too. And where that
        # is, this is an id of nobody's; whom to write what, the worker finds out.
        _refuse_taken(connection, None, user.username_key)
        _add(connection, user)
        queue_note(connection, resources, ADDRESS_WANTED, [user.email_key, public_id], client)
    elif _add(connection, user) is not None:
        raise errors.EmailTaken
    elif person := accounts.find_addressee(connection, user.email_key):
        conclude(connection, resources, "account.registered", person, client)
    return public_id


def _add(connection: Connection, user: User) -> Addressee | None:
    """Add an account, or return who holds its address, or may take it back."""
    try:
        user_id = accounts.insert_user(connection, user)
    except IntegrityError:
        holder = find_holder(connection, user.email_key)
        if holder is None:
            _refuse_taken(connection, None, user.username_key)
            raise
        return holder
    _refuse_claimed(connection, user.username_key, user_id)
    holder = find_holder(connection, user.email_key, own=user_id)
    if holder is not None:
        accounts.delete_user(connection, user_id)
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
        raise errors.EmailDomainPrivate


def _refuse_reserved(settings: Settings, typed: str | None, own: str | None = None) -> None:
    """Refuse names of those who speak for the service; whoever has one from before may go on writing it."""
    key = _username_columns(typed)["username_key"]
    if (
        typed
        and key != _username_columns(own)["username_key"]
        and is_reserved(key, settings.service_name, settings.totp_issuer)
    ):
        raise errors.UsernameReserved


def _refuse_taken(connection: Connection, email_key: str | None, username_key: str | None, own: int = 0) -> None:
    taken = accounts.find_taken(connection, email_key, username_key, own)
    if taken == "email_key":
        raise errors.EmailTaken
    if taken == "username_key":
        raise errors.UsernameTaken


def _refuse_claimed(connection: Connection, username_key: str | None, own: int) -> None:
    """Refuse a name that its former owner may take back; asked once the name is held, so that no rival slips by."""
    if username_key is not None and is_claimed(connection, username_key, own):
        raise errors.UsernameTaken


def show_profile(settings: Settings, principal: Principal) -> Profile:
    """Tell what the seed's profile tells."""
    account = principal.account
    phrase = account.phrase or settings.anti_phishing_phrase_default
    return Profile(email=account.email, username=account.username, role=account.role, phrase=phrase)


async def update(resources: Resources, principal: Principal, body: UserUpdate, client: Client) -> Pair | None:
    """Make all the changes or none; a new password ends every session and gives the caller a new one.

    Where changes of address wait for the new mailbox, that change is only asked for.
    """
    _refuse_private(resources.settings, body.new_email)
    _refuse_reserved(resources.settings, body.username, principal.account.username)
    needs_proof = body.new_email is not None or body.new_password is not None
    event = "email.changed" if needs_proof else "phrase.changed"
    proof = await prove_for(resources, principal, event, body, client)
    new_hash = None
    if body.new_password is not None:
        own_words = (principal.account.email, principal.account.username, body.new_email, body.username)
        new_hash = await hash_new(resources, body.new_password, own_words, client, known=True)  # by the password
    session = await resources.database.transaction(_apply_update, resources, principal, proof, body, new_hash, client)
    log_event("account_updated", "success", user_id=principal.account.public_id, changed=sorted(body.changes))
    return issue_pair(resources, principal.account.public_id, session, session.rotated_at) if session else None


def _apply_update(  # noqa: PLR0913, PLR0917 one transaction decides over all of it
    connection: Connection,
    resources: Resources,
    principal: Principal,
    proof: Proof | None,
    body: UserUpdate,
    new_hash: str | None,
    client: Client,
) -> Session | None:
    session = begin_change(connection, principal, proof)
    old = accounts.get_addressee(connection, principal.account.id)
    if old is None:
        raise errors.SessionEnded
    if needs_factor(proof, old) and not is_fresh(principal._replace(session=session)):
        raise ask_for_factor(old)
    if is_move(old.email, body.new_email):
        count_move(connection, resources, old.public_id)
    waits = must_confirm(resources.settings, old.email, body.new_email, has_factor=old.has_factor)
    values = _collect_changes(resources.settings, old, body, move=not waits)
    if new_hash is not None:
        values |= {"password_hash": new_hash, "password_changed_at": current_time(connection)}
    if values:
        _save(connection, old.id, values)
    _tell(connection, resources, old, values, client)
    if waits:
        request_change(connection, resources, old, body.new_email or "", client)
    if new_hash is None:
        return None
    # Every session has ended, the caller's too, for a thief may hold its tokens. The one that goes on is no fresher.
    return follow_session(
        connection, old.id, session, client, authenticated_at=session.authenticated_at, amr=session.amr
    )


def _collect_changes(settings: Settings, old: Addressee, body: UserUpdate, *, move: bool) -> dict[str, Any]:
    values: dict[str, Any] = {}
    if body.phrase is not None:  # the default is kept as "none chosen", so that it is never taken for the person's own
        values["phrase"] = None if body.phrase == settings.anti_phishing_phrase_default else body.phrase
    if body.language is not None:
        values["language"] = body.language or None
    if body.username is not None:
        values |= _username_columns(body.username)
    if body.new_email is not None and move:
        values |= _email_columns(body.new_email)
        values |= {"email_verified_at": None} if values["email_key"] != old.email_key else {}
    return values


def _tell(
    connection: Connection, resources: Resources, old: Addressee, values: Mapping[str, Any], client: Client
) -> None:
    """Let follow what follows from changes just made, told in the old phrase and name, which no thief has chosen."""
    if "password_hash" in values:
        conclude(connection, resources, "password.changed", old, client)
    if values.get("phrase", old.phrase) != old.phrase:
        conclude(connection, resources, "phrase.changed", old, client, former={"phrase": old.phrase})
    if values.get("username", old.username) != old.username:
        conclude(connection, resources, "username.changed", old, client, former=_username_columns(old.username))
    if values.get("language", old.language) != old.language:
        conclude(connection, resources, "language.changed", old, client)
    if values.get("email_key", old.email_key) != old.email_key:
        finish_change(connection, resources, "email.changed", old, client)


def _save(connection: Connection, user_id: int, values: dict[str, Any]) -> None:
    try:
        if not accounts.update_user(connection, user_id, **values):
            raise errors.SessionEnded
    except IntegrityError:
        _refuse_taken(connection, values.get("email_key"), values.get("username_key"), user_id)
        raise
    _refuse_claimed(connection, values.get("username_key"), user_id)


async def delete(resources: Resources, principal: Principal, body: Deletion, client: Client) -> None:
    """Remove the account with everything that belongs to it."""
    proof = await prove(resources, principal, body, client)
    await resources.database.transaction(_delete, resources, principal, proof, client)
    log_event("account_deleted", "success", user_id=principal.account.public_id)


def _delete(connection: Connection, resources: Resources, principal: Principal, proof: Proof, client: Client) -> None:
    begin_change(connection, principal, proof)
    person = accounts.get_addressee(connection, proof.account.id)
    if person is not None and accounts.delete_user(connection, person.id):
        conclude(connection, resources, "account.deleted", person, client)
        leave_no_trace(connection, resources, (person.public_id, auth.make_id()), client)
