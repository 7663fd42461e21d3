"""Production starts only with settings that protect strangers; each refusal names its setting and the way out."""

from collections.abc import Callable
from typing import Any

import pytest

from app.config import ConfigurationError, Settings, load_settings
from app.secrets.weak_keys import find_weakness
from app.settings.production import LONGEST_ACCESS

STRONG = "Vb7kQ2xNfTz9LmWc4RsYh8JpDg3Ea6Uo"
SMTP = {"smtp_host": "relay.example.com", "mail_from": "a@example.com", "public_url": "https://example.com"}
PANGRAM = "The quick brown fox jumps over the lazy dog."

Load = Callable[..., Settings]


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> Load:
    """Give a function that loads the settings of a production, with these changes."""
    monkeypatch.setitem(Settings.model_config, "env_file", None)
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)

    def load_changed(**changes: Any) -> Settings:
        least = {"database_url": "sqlite:///x.sqlite3", "jwt_secret_key": STRONG, "environment": "production"}
        return load_settings(**{**least, **changes})

    return load_changed


UNSAFE = [
    ({**SMTP, "smtp_secure": "none"}, "SMTP_SECURE=none would send links in the clear .* SMTP_PRIVATE_NETWORK=true"),
    ({**SMTP, "smtp_secure": "none", "smtp_user": "u", "smtp_private_network": True}, "SMTP_PASSWORD in the clear"),
    ({"trusted_proxies": "0.0.0.0/0"}, "TRUSTED_PROXIES has 0.0.0.0/0"),
    ({"trusted_proxies": "127.0.0.1,::/0"}, "TRUSTED_PROXIES has ::/0"),
    ({"trusted_proxies": "0.0.0.0/1,128.0.0.0/1"}, "TRUSTED_PROXIES has 0.0.0.0/1, 128.0.0.0/1"),
    ({"trusted_proxies": "2000::/3"}, "TRUSTED_PROXIES has 2000::/3"),
    ({"argon2_memory_kib": 8, "argon2_parallelism": 1}, "ARGON2_MEMORY_KIB must be 12288 or more"),
    ({"argon2_time_cost": 1, "argon2_memory_kib": 19456}, "ARGON2_MEMORY_KIB must be 47104 or more"),
    ({"jwt_access_token_expire_minutes": 5_256_000}, "JWT_ACCESS_TOKEN_EXPIRE_MINUTES must be at most 1440"),
    ({"jwt_secret_key": PANGRAM}, "JWT_SECRET_KEY looks like a sample"),
    ({"rate_limits_enabled": False}, "RATE_LIMITS_ENABLED=false"),
]


@pytest.mark.asvs("13.2.3", "12.3.1", "11.4.2")
@pytest.mark.parametrize(("changes", "said"), UNSAFE)
def test_production_refuses_what_protects_nobody(load: Load, changes: dict[str, Any], said: str) -> None:
    """It does not start, and says which setting it was; development does start."""
    with pytest.raises(ConfigurationError, match=said):
        load(**changes)

    assert load(**changes, environment="development").environment == "development"


SAFE: list[dict[str, Any]] = [
    {**SMTP, "smtp_secure": "none", "smtp_host": "127.0.0.1"},
    {**SMTP, "smtp_secure": "none", "smtp_host": "localhost"},
    {**SMTP, "smtp_secure": "none", "smtp_host": "::1"},
    {**SMTP, "smtp_secure": "none", "smtp_host": "relay", "smtp_private_network": True},
    {**SMTP, "smtp_secure": "tls", "smtp_user": "u"},
    {"smtp_secure": "none"},
    {"trusted_proxies": "10.0.0.0/8,172.16.213.128/25,fc00::/7,fd00::/8,2001:db8::/32"},
    {"argon2_time_cost": 2, "argon2_memory_kib": 19456},
    {"jwt_access_token_expire_minutes": LONGEST_ACCESS.total_seconds() / 60},
]


@pytest.mark.parametrize("changes", SAFE)
def test_honest_deployments_start(load: Load, changes: dict[str, Any]) -> None:
    """A relay on the machine itself or on a network of one's own, one's own networks, OWASP's least."""
    assert load(**changes).environment == "production"


def test_all_reasons_are_said_at_once(load: Load) -> None:
    """Nobody starts it again and again to learn of the next one; no value of a secret is among the words."""
    with pytest.raises(ConfigurationError) as refusal:
        load(
            jwt_secret_key="geheim",
            totp_encryption_keys="geheim2",
            trusted_proxies="0.0.0.0/0",
            argon2_memory_kib=32,
            public_url="http://example.com",
        )

    said = str(refusal.value)
    names = ("JWT_SECRET_KEY", "TOTP_ENCRYPTION_KEYS", "TRUSTED_PROXIES", "ARGON2_MEMORY_KIB", "PUBLIC_URL")
    assert [name for name in names if name not in said] == []
    assert "geheim" not in said
    assert "\n" not in said


@pytest.mark.asvs("13.2.3")
@pytest.mark.parametrize(
    "secret",
    [
        PANGRAM,
        PANGRAM.upper(),
        "the-quick-brown-fox-jumps-over-the-lazy-dog",
        "Sphinx of black quartz, judge my vow! 2026",
        "Zwölf Boxkämpfer jagen Viktor quer über den großen Sylter Deich",
        "Lorem ipsum dolor sit amet, consectetur adipiscing elit",
        "correct horse battery staple correct!",
        "to be, or not to be, that is the question",
    ],
)
def test_a_sentence_that_everybody_knows_is_no_secret(secret: str) -> None:
    """However it is written: blanks, capitals, accents and stops between the letters hide none."""
    assert find_weakness(secret) == "looks like a sample"
