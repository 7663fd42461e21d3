"""Trusted devices: where a sign-in is spared the second factor, and nothing else is."""

import uuid
from datetime import datetime

from pydantic import SecretStr
from sqlalchemy import Connection

from app import auth, errors
from app.clients.addresses import Client
from app.clients.devices import describe_device
from app.config import Settings
from app.crud import trusted_devices
from app.crud.accounts import Credentials
from app.crud.events import make_id
from app.crud.sessions import Principal
from app.crud.trusted_devices import TrustedDeviceRow
from app.factor_schemas import TrustedDevice as TrustedDeviceInfo
from app.models import TrustedDevice
from app.resources import Resources
from app.runtime.logs import log_event
from app.services.consequences import conclude_for
from app.services.proofs import PASSWORD, Proof, require_session


async def prove_device(resources: Resources, account: Credentials, token: SecretStr | None) -> Proof | None:
    """Spare a trusted device the second factor, once the password was right; any other token is as good as none."""
    lifetime = resources.settings.trusted_device_days
    if token is None or not lifetime or not account.has_factor:
        return None
    token_hash = auth.hash_one_time_token(token.get_secret_value())
    # An API of the version before, which others may still run, forgets no devices with the password.
    since = max(account.now - lifetime, account.password_changed_at)
    found = await resources.database.read(trusted_devices.find_device, account.id, token_hash, since)
    return None if found is None else Proof(account, trusted_device=found)


def may_trust(settings: Settings, proof: Proof) -> bool:
    """Whether a sign-in may make its device a trusted one: by the password and a factor, but by no recovery code.

    Whoever needs that one may have lost the phone, and a thief of a code on paper shall not need a second.
    """
    return bool(settings.trusted_device_days) and set(proof.methods) > set(PASSWORD) and "rc" not in proof.methods


def trust_device(
    connection: Connection, resources: Resources, account: Credentials, client: Client, now: datetime
) -> str:
    """Trust the device that signs in, tell the owner, and return its token."""
    token, token_hash = auth.make_one_time_token()
    device = TrustedDevice(
        id=make_id(now),
        user_id=account.id,
        token_hash=token_hash,
        created_at=now,
        expires_at=now + resources.settings.trusted_device_days,
        client_address=client.address,
        user_agent=client.user_agent,
    )
    trusted_devices.insert_device(connection, device)
    conclude_for(connection, resources, "device.trusted", account.id, client, {"device": write_id(device.id)})
    return token


async def list_own(resources: Resources, principal: Principal) -> list[TrustedDeviceInfo]:
    """List the devices that the caller trusts, the newest first."""
    return await resources.database.read(find_own, resources.settings, principal)


def find_own(connection: Connection, settings: Settings, principal: Principal) -> list[TrustedDeviceInfo]:
    """Look the devices up that the caller trusts."""
    since = principal.now - settings.trusted_device_days
    return [describe(row) for row in trusted_devices.list_devices(connection, principal.account.id, since)]


async def remove(resources: Resources, principal: Principal, device_id: str, client: Client) -> None:
    """Trust a device no more."""
    await resources.database.transaction(_remove, resources, principal, device_id, client)
    log_event("device_untrusted", "success", user_id=principal.account.public_id)


def _remove(connection: Connection, resources: Resources, principal: Principal, device_id: str, client: Client) -> None:
    require_session(connection, principal)
    if not trusted_devices.remove_device(connection, principal.account.id, _read_id(device_id)):
        raise errors.TrustedDeviceNotFound
    conclude_for(connection, resources, "device.untrusted", principal.account.id, client, {"device": device_id})


def describe(row: TrustedDeviceRow) -> TrustedDeviceInfo:
    """Tell a person about a trusted device."""
    return TrustedDeviceInfo(
        id=write_id(row.id),
        label=describe_device(row.user_agent),
        client_address=row.client_address,
        created_at=row.created_at,
        last_used_at=row.last_used_at,
        expires_at=row.expires_at,
    )


def write_id(device_id: bytes) -> str:
    """Write an id as people and the trail have it."""
    return str(uuid.UUID(bytes=device_id))


def _read_id(text: str) -> bytes:
    try:
        return uuid.UUID(text).bytes
    except ValueError:
        raise errors.TrustedDeviceNotFound from None
