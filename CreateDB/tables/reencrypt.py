"""--reencrypt: puts every secret at rest under the first of today's keys, so that an older key can be removed."""

from collections.abc import Sequence

from sqlalchemy import URL, Engine

from app.crud.secrets import SECRET_COLUMNS, SecretColumn, list_secrets_not_under, replace_secret
from app.secrets.encryption import UnreadableSecret, decrypt, encrypt
from app.secrets.keys import Key
from CreateDB.command.api_settings import load_for, make_keys
from CreateDB.command.arguments import Arguments
from CreateDB.command.terminal import say
from CreateDB.command.urls import describe
from CreateDB.server.engine import make_engine


def reencrypt(arguments: Arguments, url: URL) -> int:
    """Do --reencrypt: encrypt anew what another key made; status 1 when there were secrets that no key opens."""
    say(f"Connecting to {describe(url)} ...")
    ring, engine = make_keys(load_for(url)).secrets, make_engine(url, echo=arguments.echo)
    unreadable = 0
    for column in SECRET_COLUMNS:
        done, failed = _reencrypt_column(engine, column, ring)
        unreadable += failed
        say(f"{column.table.name}.{column.secret.name}: {done} encrypted anew, {failed} that no configured key opens.")
    if unreadable:
        say("Put the missing key into TOTP_ENCRYPTION_KEYS or JWT_PREVIOUS_SECRET_KEYS and run this again.")
    return 1 if unreadable else 0


def _reencrypt_column(engine: Engine, column: SecretColumn, ring: Sequence[Key]) -> tuple[int, int]:
    done = failed = after = 0
    while True:
        with engine.begin() as connection:
            batch = list_secrets_not_under(connection, column, ring[0].kid, after)
            for old in batch:
                try:
                    secret = decrypt(old.secret, old.place, ring)
                    replace_secret(connection, column, old, encrypt(secret, old.place, ring))
                    done += 1
                except UnreadableSecret:
                    failed += 1
        if not batch:
            return done, failed
        after = batch[-1].key
