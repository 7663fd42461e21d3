"""The passkeys of an account: adding, listing, renaming and removing them."""

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from app import auth, errors, webauthn
from app.clients.addresses import Client
from app.clients.devices import describe_device
from app.config import Settings
from app.crud import accounts, passkeys
from app.crud.operations import current_time
from app.crud.passkeys import PasskeyRow
from app.crud.sessions import Principal
from app.factor_schemas import Challenge, PasskeyAdded, PasskeyList, PasskeyRegistration, RecoveryCodeSet
from app.factor_schemas import Passkey as PasskeyInfo
from app.models import Passkey
from app.resources import Resources
from app.runtime.logs import log_event
from app.services.assertions import Asker, Purpose, as_key, begin, take
from app.services.consequences import conclude, conclude_for
from app.services.proofs import require_session
from app.services.recovery_codes import CodeSet, codes_in, make_first_codes
from app.services.totp import give_first_codes, require_proved_address
from app.webauthn import InvalidResponse, Key


async def list_own(resources: Resources, principal: Principal) -> PasskeyList:
    """List the caller's passkeys, the oldest first."""
    return await resources.database.read(find_own, resources.settings, principal)


def find_own(connection: Connection, settings: Settings, principal: Principal) -> PasskeyList:
    """Look the caller's passkeys up."""
    account = principal.account
    rows = passkeys.list_passkeys(connection, account.id) if account.passkey_count else []
    return PasskeyList(
        rp_id=settings.relying_party.id,
        user_handle=webauthn.encode_id(account.public_id.encode()),
        passkeys=[describe(row) for row in rows],
    )


async def start(resources: Resources, principal: Principal) -> Challenge:
    """Ask the browser for a new key; keys that the account has already are not to answer."""
    account = principal.account
    require_proved_address(resources, principal)
    existing = await resources.database.read(passkeys.list_passkeys, account.id)
    if len(existing) >= passkeys.PASSKEYS_MAX:
        raise errors.PasskeyLimit
    ceremony, challenge = await resources.database.transaction(begin, Asker(Purpose.REGISTER, principal.session.id))
    options = webauthn.make_creation_options(
        resources.settings.relying_party,
        challenge,
        account.public_id,
        (account.email, account.username or account.email),
        [as_key(row) for row in existing],
    )
    return Challenge(ceremony=ceremony, options=options)


async def add(resources: Resources, principal: Principal, body: PasskeyRegistration, client: Client) -> PasskeyAdded:
    """Keep the key that answers; with the first factor of an account come its recovery codes."""
    asker = Asker(Purpose.REGISTER, principal.session.id)
    challenge = await resources.database.transaction(take, body.ceremony.get_secret_value(), asker)
    try:
        key = webauthn.verify_registration(resources.settings.relying_party, challenge, body.credential)
    except InvalidResponse as error:
        user_id = principal.account.public_id
        log_event("passkey_failed", "failure", user_id=user_id, reason=error.reason)
        raise errors.PasskeyInvalid from None
    codes = await make_first_codes(resources, principal, client)
    row, shown = await resources.database.transaction(_add, resources, principal, key, body.name, codes, client)
    log_event("passkey_added", "success", user_id=principal.account.public_id, passkey=row.public_id)
    return PasskeyAdded(**describe(row).model_dump(), **shown.model_dump())


def _add(  # noqa: PLR0913, PLR0917 which key of whom, and who hears of it
    connection: Connection,
    resources: Resources,
    principal: Principal,
    key: Key,
    name: str,
    codes: CodeSet | None,
    client: Client,
) -> tuple[PasskeyRow, RecoveryCodeSet]:
    """Add a passkey in the transaction that also decides whether it is one too many, and whether it is the first."""
    require_session(connection, principal)
    person = accounts.get_addressee(connection, principal.account.id)
    if person is None:
        raise errors.SessionEnded
    if person.passkey_count >= passkeys.PASSKEYS_MAX:
        raise errors.PasskeyLimit
    row = _insert(connection, principal, key, name, client)
    shown = give_first_codes(connection, principal, person, codes)
    former = {"passkey": row.public_id, "since": row.created_at.isoformat(), **codes_in(shown)}
    facts = {"passkey": row.public_id}
    conclude(connection, resources, "factor.passkey.added", person, client, former=former, facts=facts)
    return row, shown


def _insert(connection: Connection, principal: Principal, key: Key, name: str, client: Client) -> PasskeyRow:
    public_id = auth.make_id()
    passkey = Passkey(
        public_id=public_id,
        user_id=principal.account.id,
        credential_id=key.credential_id,
        public_key=key.public_key,
        name=name,
        sign_count=key.sign_count,
        synced=key.synced,
        backed_up=key.backed_up,
        transports=" ".join(key.transports),
        created_at=current_time(connection),
        client_address=client.address,
        user_agent=client.user_agent,
    )
    try:
        passkeys.insert_passkey(connection, passkey)
    except IntegrityError:
        raise errors.PasskeyAlreadyRegistered from None
    return _get(connection, principal, public_id)


async def rename(resources: Resources, principal: Principal, public_id: str, name: str, client: Client) -> PasskeyInfo:
    """Call a passkey something else."""
    row = await resources.database.transaction(_rename, resources, principal, public_id, name, client)
    log_event("passkey_renamed", "success", user_id=principal.account.public_id, passkey=public_id)
    return describe(row)


def _rename(  # noqa: PLR0913, PLR0917 which key of whom, and who does it
    connection: Connection, resources: Resources, principal: Principal, public_id: str, name: str, client: Client
) -> PasskeyRow:
    require_session(connection, principal)
    if passkeys.rename_passkey(connection, principal.account.id, public_id, name):
        conclude_for(
            connection, resources, "factor.passkey.renamed", principal.account.id, client, {"passkey": public_id}
        )
    return _get(connection, principal, public_id)


async def remove(resources: Resources, principal: Principal, public_id: str, client: Client) -> bool:
    """Remove a passkey; True when the account has no second factor any more, and no recovery codes."""
    was_last = await resources.database.transaction(_remove, resources, principal, public_id, client)
    log_event("passkey_removed", "success", user_id=principal.account.public_id, passkey=public_id)
    return was_last


def _remove(connection: Connection, resources: Resources, principal: Principal, public_id: str, client: Client) -> bool:
    require_session(connection, principal)
    if not passkeys.remove_passkey(connection, principal.account.id, public_id):
        raise errors.PasskeyNotFound
    conclude_for(connection, resources, "factor.passkey.removed", principal.account.id, client, {"passkey": public_id})
    person = accounts.get_addressee(connection, principal.account.id)
    return person is not None and not person.has_factor


def _get(connection: Connection, principal: Principal, public_id: str) -> PasskeyRow:
    row = passkeys.get_passkey(connection, principal.account.id, public_id)
    if row is None:
        raise errors.PasskeyNotFound
    return row


def describe(row: PasskeyRow) -> PasskeyInfo:
    """Tell a person about a passkey."""
    return PasskeyInfo(
        id=row.public_id,
        name=row.name,
        credential_id=webauthn.encode_id(row.credential_id),
        created_at=row.created_at,
        last_used_at=row.last_used_at,
        synced=row.synced,
        label=describe_device(row.user_agent),
        client_address=row.client_address,
    )
