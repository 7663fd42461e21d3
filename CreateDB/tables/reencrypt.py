"""--reencrypt: puts every secret at rest under the first of today's keys, so that an older key can be removed."""

from collections.abc import Callable, Sequence

from sqlalchemy import URL, Engine

from app.crud.secrets import SECRET_COLUMNS, SecretColumn, list_secrets_not_under, replace_secret
from app.secrets.encryption import UnreadableSecret, decrypt, encrypt
from app.secrets.keys import Key
from CreateDB.command.api_settings import load_for, make_keys
from CreateDB.server.engine import make_engine


def reencrypt(url: URL, *, echo: bool, say: Callable[[str], None]) -> bool:
    """Encrypt anew what another key made; False when there were secrets that no configured key opens."""
    ring, engine = make_keys(load_for(url)).secrets, make_engine(url, echo=echo)
    unreadable = 0
    for column in SECRET_COLUMNS:
        done, failed = _reencrypt_column(engine, column, ring)
        unreadable += failed
        say(f"{column.table.name}.{column.secret.name}: {done} encrypted anew, {failed} that no configured key opens.")
    if unreadable:
        say("Put the missing key into TOTP_ENCRYPTION_KEYS or JWT_PREVIOUS_SECRET_KEYS and run this again.")
    return not unreadable


def _reencrypt_column(engine: Engine, column: SecretColumn, ring: Sequence[Key]) -> tuple[int, int]:
    done = failed = after = 0
    while True:
        with engine.begin() as connection:
            batch = list_secrets_not_under(connection, column, ring[0].kid, after)
            for old in batch:
                try:
                    replace_secret(
                        connection, column, old, encrypt(decrypt(old.secret, old.place, ring), old.place, ring)
                    )
                    done += 1
                except UnreadableSecret:
                    failed += 1
        if not batch:
            return done, failed
        after = batch[-1].key
