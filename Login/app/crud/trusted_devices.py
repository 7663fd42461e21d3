"""Queries on trusted devices, on which the password alone signs in. Whoever adds one holds the account's row."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, delete, insert, select, update

from app.crud.clock import utc_horizon, utc_now
from app.models import TrustedDevice, metadata

devices = metadata.tables["trusted_devices"]

DEVICES_MAX = 20  # an account


class TrustedDeviceRow(NamedTuple):
    """A trusted device as the database has it."""

    id: bytes
    created_at: datetime
    last_used_at: datetime | None
    expires_at: datetime
    client_address: str
    user_agent: str


_COLUMNS = [devices.c[name] for name in TrustedDeviceRow._fields]


def insert_device(connection: Connection, device: TrustedDevice) -> None:
    """Add a device; of more than twenty the oldest goes."""
    connection.execute(insert(devices).values(device.model_dump()))
    mine = select(devices.c.id).where(devices.c.user_id == device.user_id)
    newest = mine.order_by(devices.c.created_at.desc(), devices.c.id.desc())
    if surplus := connection.execute(newest.limit(DEVICES_MAX).offset(DEVICES_MAX)).scalars().all():
        connection.execute(delete(devices).where(devices.c.id.in_(surplus)))


def find_device(connection: Connection, user_id: int, token_hash: bytes, since: datetime) -> bytes | None:
    """Find the device that this token was given to, if this account has trusted it later than `since`."""
    query = select(devices.c.id).where(devices.c.token_hash == token_hash, *_live(user_id, since))
    found: bytes | None = connection.execute(query).scalar_one_or_none()
    return found


def use_device(connection: Connection, device_id: bytes, now: datetime) -> bool:
    """Note that a device has signed in, if it is still there."""
    query = update(devices).where(devices.c.id == device_id)
    return connection.execute(query.values(last_used_at=now)).rowcount == 1


def list_devices(connection: Connection, user_id: int, since: datetime) -> list[TrustedDeviceRow]:
    """List the devices that an account has trusted later than `since`, the newest first."""
    query = select(*_COLUMNS).where(*_live(user_id, since)).order_by(devices.c.created_at.desc(), devices.c.id.desc())
    return [TrustedDeviceRow._make(row) for row in connection.execute(query)]


def remove_device(connection: Connection, user_id: int, device_id: bytes) -> bool:
    """Trust one of an account's devices no more."""
    query = delete(devices).where(devices.c.id == device_id, devices.c.user_id == user_id)
    return connection.execute(query).rowcount == 1


def forget_devices(connection: Connection, user_id: int) -> int:
    """Trust none of an account's devices any more, and return how many there were."""
    return connection.execute(delete(devices).where(devices.c.user_id == user_id)).rowcount


def _live(user_id: int, since: datetime) -> list[ColumnElement[bool]]:
    """Be this account's, neither past its end nor older than today's setting lets any be, nor from a wrong clock."""
    moments = devices.c.created_at > since, devices.c.created_at <= utc_horizon(), devices.c.expires_at > utc_now()
    return [devices.c.user_id == user_id, *moments]
