"""What the services work with, made once for an application and handed to each of them."""

from dataclasses import dataclass, field

from app.auth import PasswordHasher
from app.config import Settings
from app.database import Database
from app.passwords.common import CommonPasswords
from app.passwords.hash_pool import HashPool
from app.runtime.bell import Bell
from app.secrets.keys import Keyrings, make_keyrings
from app.secrets.recovery_codes import RecoveryCodeHasher
from app.throttling.floods import Floods


@dataclass(frozen=True)
class Resources:
    """The settings, the database, what hashes and where, the keys, floods, the lists, the workers' bells."""

    settings: Settings
    database: Database
    hashes: HashPool
    code_hasher: RecoveryCodeHasher
    keys: Keyrings
    floods: Floods
    common_passwords: CommonPasswords
    bell: Bell = field(default_factory=Bell)
    webhook_bell: Bell = field(default_factory=Bell)

    def close(self) -> None:
        """Let running work end."""
        self.hashes.close()
        self.database.close()


def make_resources(settings: Settings) -> Resources:
    """Make them as the settings say; nothing connects yet."""
    hasher = PasswordHasher(
        time_cost=settings.argon2_time_cost,
        memory_kib=settings.argon2_memory_kib,
        parallelism=settings.argon2_parallelism,
    )
    storage_uri = settings.rate_limit_storage_uri
    return Resources(
        settings=settings,
        database=Database(
            settings.database_url.get_secret_value(), pool_size=settings.database_pool_size, echo=settings.sql_echo
        ),
        hashes=HashPool(hasher, settings.hash_threads),
        code_hasher=RecoveryCodeHasher(time_cost=settings.argon2_time_cost, memory_kib=settings.argon2_memory_kib),
        keys=make_keyrings(settings.signing_secrets, [key.get_secret_value() for key in settings.totp_encryption_keys]),
        floods=Floods(storage_uri.get_secret_value() if storage_uri else None, enforced=settings.rate_limits_enabled),
        common_passwords=CommonPasswords(settings.common_passwords_file),
    )
