"""The kinds of webhooks: what each tells beside the account's `user_id`, and by which changes they are caused."""

from collections.abc import Mapping
from types import MappingProxyType

WEBHOOKS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "account.created": ("email",),
        "email.confirmed": ("email",),
        "email.changed": ("email", "email_verified"),
        "account.role_changed": ("role", "former_role"),
        "account.disabled": (),
        "account.enabled": (),
        "account.deleted": (),
        "session.ended": ("session_id",),
        "sessions.ended": ("kept_session_id",),
    }
)

# Not of a session that goes on in the next one, nor of the oldest of very many that makes room: nobody has left.
TELLS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "account.registered": ("account.created",),
        "email.confirmed": ("email.confirmed",),
        "email.changed": ("email.changed",),
        "email.change_confirmed": ("email.changed",),
        "email.returned": ("email.changed",),
        "email.reverted": ("email.changed", "sessions.ended"),
        "email.recovered": ("email.changed", "sessions.ended"),
        "password.changed": ("sessions.ended",),
        "password.reset": ("sessions.ended",),
        "account.claimed": ("email.confirmed", "sessions.ended"),
        "session.ended": ("session.ended",),
        "session.revoked": ("session.ended",),
        "sessions.revoked": ("sessions.ended",),
        "session.reused": ("session.ended",),
        "account.disowned": ("sessions.ended",),
        "event.disowned": ("sessions.ended",),
        "account.deleted": ("account.deleted",),
        "account.role_set": ("account.role_changed",),
        "account.disabled": ("account.disabled",),
        "account.enabled": ("account.enabled",),
        "sessions.ended": ("sessions.ended",),
    }
)
