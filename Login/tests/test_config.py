"""Settings: their units and defaults, where they come from, and which ones are refused."""

import json
import logging
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from starlette.testclient import TestClient

from app.config import Settings
from app.main import create_app
from app.secrets.weak_keys import find_weakness
from testing.forging import PUBLISHED_SECRETS

LOGIN = Path(__file__).parents[1]
STRONG = "Vb7kQ2xNfTz9LmWc4RsYh8JpDg3Ea6Uo"
URL = "mariadb+mariadbconnector://api:s3cr3t%40word@127.0.0.1:3306/pupero"
LEAST = {"DATABASE_URL": URL, "JWT_SECRET_KEY": STRONG}
LOAD = """
import json, os, sys
from app.config import ConfigurationError, load_settings
for changes in json.loads(sys.argv[1]):
    os.environ.update(changes)
    try:
        print(json.dumps({"settings": json.loads(load_settings().model_dump_json())}))
    except ConfigurationError as error:
        print(json.dumps({"refused": str(error)}))
    for name in changes:
        del os.environ[name]
"""

Load = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def api_copy(tmp_path: Path) -> Path:
    """Give a copy of the API's code, whose .env is the test's own."""
    shutil.copytree(LOGIN / "app", tmp_path / "Login" / "app", ignore=shutil.ignore_patterns(".env"))
    return tmp_path / "Login"


def run(api_copy: Path, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run Python far away from the copy, with nothing in the environment but what is given."""
    kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT", "TMPDIR") if name in os.environ}
    return subprocess.run(  # noqa: S603 our own Python
        [sys.executable, *command],
        check=False,
        capture_output=True,
        text=True,
        cwd=api_copy.parent,
        env={**kept, "PYTHONPATH": str(api_copy), **environment},
        timeout=60,
    )


@pytest.fixture
def load(api_copy: Path) -> Load:
    """Give a function that loads settings in a process of its own, once for each set of variables."""

    def load_each(*cases: dict[str, str], dotenv: str = "") -> list[dict[str, Any]]:
        (api_copy / "app" / ".env").write_text(dotenv, encoding="utf-8")
        result = run(api_copy, "-c", LOAD, json.dumps(cases))
        assert result.returncode == 0, result.stderr
        return [json.loads(line) for line in result.stdout.splitlines()]

    return load_each


@pytest.fixture
def no_variables(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """Give an environment that sets none of our variables."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    return monkeypatch


def test_defaults_are_the_readme_s(no_variables: pytest.MonkeyPatch) -> None:
    """Two settings are needed; each other one has the default that its description names."""
    for name, value in LEAST.items():
        no_variables.setenv(name, value)
    settings = Settings(_env_file=None)

    assert settings.jwt_access_token_expire_minutes == timedelta(minutes=30)
    assert settings.jwt_refresh_token_expire_minutes == timedelta(days=1)
    assert settings.remember_me_days == timedelta(days=30)
    assert settings.anti_phishing_phrase_default == "Welcome to Pupero"
    assert (settings.sql_echo, settings.environment, settings.log_user) == (False, "development", "email")
    assert settings.trusted_proxies == [ip_network("127.0.0.1"), ip_network("::1")]
    assert (settings.argon2_time_cost, settings.argon2_memory_kib, settings.argon2_parallelism) == (3, 65536, 4)
    assert settings.weaknesses == []


GOOD: list[tuple[str, str, Any]] = [
    ("JWT_ACCESS_TOKEN_EXPIRE_MINUTES", "5", "PT5M"),
    ("JWT_ACCESS_TOKEN_EXPIRE_MINUTES", "0.5", "PT30S"),
    ("JWT_ACCESS_TOKEN_EXPIRE_MINUTES", "15  # a quarter", "PT15M"),
    ("JWT_REFRESH_TOKEN_EXPIRE_MINUTES", "60", "PT1H"),
    ("REMEMBER_ME_DAYS", "7", "P7D"),
    ("SESSION_MAX_MINUTES", "90", "PT1H30M"),
    ("SESSION_IDLE_MINUTES", "", None),
    ("ANTI_PHISHING_PHRASE_DEFAULT", "Grüße # kein Kommentar", "Grüße # kein Kommentar"),
    ("SQL_ECHO", "true", True),
    ("SQL_ECHO", "true  # set true only for local debugging", True),
    ("SQL_ECHO", "0", False),
    ("SQL_ECHO", "", False),
    ("HASH_THREADS", "2 # two", 2),
    ("ARGON2_MEMORY_KIB", "19456 # OWASP's least", 19456),
    ("TRUSTED_PROXIES", "10.0.0.0/8, 192.0.2.7,", ["10.0.0.0/8", "192.0.2.7/32"]),
    ("LOG_USER", "none", "none"),
    ("TOTP_ISSUER", "", "Pupero"),
]


def test_each_variable_is_read_in_its_unit(load: Load) -> None:
    """Numbers are minutes or days as their names say; an inline comment is none of them; empty counts as unset."""
    answers = load(*({**LEAST, name: value} for name, value, _ in GOOD))

    for (name, value, expected), answer in zip(GOOD, answers, strict=True):
        assert answer.get("settings", answer).get(name.lower(), answer) == expected, (name, value)


BAD = [
    *(("JWT_ACCESS_TOKEN_EXPIRE_MINUTES", value) for value in ("soon", "0", "-5", "nan", "inf", "1e300", "99999999")),
    *(("REMEMBER_ME_DAYS", value) for value in ("a month", "0", "100000")),
    ("SESSION_IDLE_MINUTES", "never"),
    ("SQL_ECHO", "perhaps"),
    ("ENVIRONMENT", "staging-system"),
    ("LOG_USER", "everything"),
    *(("TRUSTED_PROXIES", value) for value in ("proxy.example.com", "10.0.0.0/99", "*")),
    *(("HASH_THREADS", value) for value in ("0", "-1", "several")),
    ("DATABASE_POOL_SIZE", "0"),
    *(("ARGON2_TIME_COST", value) for value in ("0", "99999999999")),
    *(("ARGON2_MEMORY_KIB", value) for value in ("1", "lots", "99999999999")),
    ("ARGON2_PARALLELISM", "0"),
    ("ARGON2_PARALLELISM", "16777216"),
    ("ANTI_PHISHING_PHRASE_DEFAULT", "x" * 256),
    ("TOTP_ISSUER", "Pupero: the suite"),
    ("DATABASE_URL", "pupero-database"),
    ("DATABASE_URL", "mariadb+mariadbconnector://api:geheimwort@127.0.0.1:three/pupero"),
    ("DATABASE_URL", "mariadb+nosuchdriver://api:geheimwort@127.0.0.1/pupero"),
    ("DATABASE_URL", "postgresql://api:geheimwort@127.0.0.1/pupero"),
]


@pytest.mark.asvs("16.5.1")
def test_bad_settings_are_named_and_never_shown(load: Load) -> None:
    """A setting that cannot be meant stops the start with one line that names it, not its value."""
    answers = load(*({**LEAST, name: value} for name, value in BAD))

    for (name, value), answer in zip(BAD, answers, strict=True):
        refusal = answer.get("refused", "")
        assert name in refusal, (name, value, answer)
        assert "\n" not in refusal
        assert "geheim" not in refusal
        assert len(value) < 4 or value not in refusal, refusal


def test_costs_that_argon2_refuses_are_refused_at_the_start(load: Load) -> None:
    """Each lane needs 8 KiB of memory: a contradiction stops the start, not the first login."""
    [answer] = load({**LEAST, "ARGON2_MEMORY_KIB": "16", "ARGON2_PARALLELISM": "4"})

    assert "ARGON2_MEMORY_KIB" in answer.get("refused", "")


def test_missing_settings_are_all_named(load: Load) -> None:
    """Nothing set, or set to nothing: one line names both that are needed."""
    for answer in load({}, {"DATABASE_URL": "", "JWT_SECRET_KEY": ""}):
        assert "DATABASE_URL is missing" in answer["refused"]
        assert "JWT_SECRET_KEY is missing" in answer["refused"]


def test_development_finds_the_file_of_dev_py(load: Load, api_copy: Path) -> None:
    """Started by hand after dev.py, the API has the same accounts; what is named wins, and production must name it."""
    file = api_copy.parent / "var" / "pupero.sqlite3"
    secret = {"JWT_SECRET_KEY": STRONG}
    [absent] = load(secret)
    file.parent.mkdir()
    file.touch()

    taken, named, production = load(secret, LEAST, {**secret, "ENVIRONMENT": "production"})

    assert "DATABASE_URL is missing" in absent["refused"]
    assert "settings" in taken
    assert "settings" in named
    assert "DATABASE_URL is missing" in production["refused"]
    assert read_url(api_copy, JWT_SECRET_KEY=STRONG) == f"sqlite:///{quote(file.as_posix(), safe='/:')}"
    assert read_url(api_copy, **LEAST) == URL


def read_url(api_copy: Path, **environment: str) -> str:
    """Return the database that a copy of the API takes."""
    script = "from app.config import load_settings; print(load_settings().database_url.get_secret_value())"
    return run(api_copy, "-c", script, **environment).stdout.strip()


def test_the_env_file_beside_config_is_read_from_anywhere(load: Load) -> None:
    """The seed's .env works from any folder, comments and foreign keys included; the environment wins over it."""
    dotenv = f"""# a comment
DATABASE_URL={URL}
JWT_SECRET_KEY={STRONG}
JWT_ACCESS_TOKEN_EXPIRE_MINUTES=5
REMEMBER_ME_DAYS=3
SQL_ECHO=true  # set true only for local debugging
SOMEBODY_ELSES_KEY=1
SECRET_KEY=of-the-pages
"""
    plain, overridden = (each["settings"] for each in load({}, {"REMEMBER_ME_DAYS": "9"}, dotenv=dotenv))

    assert (plain["jwt_access_token_expire_minutes"], plain["remember_me_days"], plain["sql_echo"]) == (
        "PT5M",
        "P3D",
        True,
    )
    assert (overridden["jwt_access_token_expire_minutes"], overridden["remember_me_days"]) == ("PT5M", "P9D")


WEAK = [
    *PUBLISHED_SECRETS[1:],
    "x" * 64,
    "ab" * 32,
    "short-but-random-Q7",
    "1234567890" * 5,
    "qazwsxedcrfv" * 3,
    ("Kv7#mQ2!xT" * 4)[:37],
]
SECRETS = ["JWT_SECRET_KEY", "JWT_PREVIOUS_SECRET_KEYS", "TOTP_ENCRYPTION_KEYS"]


@pytest.mark.asvs("13.2.3", "11.4.1", "11.2.3")
@pytest.mark.parametrize("name", SECRETS)
def test_production_refuses_weak_secrets(load: Load, name: str) -> None:
    """Short, repeated, sample and published secrets never sign or encrypt in production; the refusal names where."""
    secrets = [secret for secret in WEAK if name == "JWT_SECRET_KEY" or "," not in secret]
    answers = load(*({**LEAST, "ENVIRONMENT": "production", name: secret} for secret in secrets))

    for secret, answer in zip(secrets, answers, strict=True):
        refusal = answer.get("refused", "")
        assert name in refusal, (secret, answer)
        assert len(secret) < 12 or secret not in refusal


def test_production_takes_strong_secrets(load: Load) -> None:
    """Random text and hex serve; each key of a list counts."""
    lists = {
        "JWT_PREVIOUS_SECRET_KEYS": f"{STRONG[::-1]},3b115efdb7a87512fabe0a03674e4c400b7dac6c7729bc49ba6718ff146be257",
        "TOTP_ENCRYPTION_KEYS": STRONG,
    }
    good, bad = load(
        {**LEAST, **lists, "ENVIRONMENT": "production"},
        {**LEAST, "JWT_PREVIOUS_SECRET_KEYS": f"{STRONG[::-1]},changeme", "ENVIRONMENT": "production"},
    )

    assert good["settings"]["environment"] == "production"
    assert "JWT_PREVIOUS_SECRET_KEYS" in bad["refused"]


@pytest.mark.parametrize(
    ("variables", "named"),
    [
        ({"DATABASE_URL": "sqlite:///x.sqlite3"}, "JWT_SECRET_KEY"),
        ({"JWT_SECRET_KEY": STRONG, "DATABASE_URL": "mariadb://api:geheim@127.0.0.1:port/x"}, "DATABASE_URL"),
        ({**LEAST, "ENVIRONMENT": "production", "JWT_SECRET_KEY": "please-change-me"}, "JWT_SECRET_KEY"),
    ],
)
def test_uvicorn_ends_with_one_line(api_copy: Path, variables: dict[str, str], named: str) -> None:
    """The seed's own command says in one line what is wrong, without a traceback, and does not serve."""
    result = run(api_copy, "-m", "uvicorn", "app.main:app", "--port", "0", **variables)

    assert result.returncode not in {0, None}
    assert result.stderr.startswith("Pupero cannot start: ")
    assert named in result.stderr
    assert len((result.stdout + result.stderr).splitlines()) == 1
    assert "geheim" not in result.stderr


def test_uvicorn_ends_with_one_line_at_a_file_in_another_encoding(api_copy: Path) -> None:
    """A .env that an editor has saved in Latin-1 is named, without a traceback and what it holds."""
    (api_copy / "app" / ".env").write_bytes("JWT_SECRET_KEY=geheim-é".encode("latin-1"))
    result = run(api_copy, "-m", "uvicorn", "app.main:app", "--port", "0")

    assert result.returncode not in {0, None}
    assert result.stderr == f"Pupero cannot start: {api_copy / 'app' / '.env'} is not UTF-8: save it as UTF-8\n"


@pytest.mark.parametrize("name", ["jwt_secret_key", "jwt_previous_secret_keys"])
def test_development_with_a_weak_secret_serves_this_machine_only(
    make_settings: Callable[..., Settings], migrated_sqlite: str, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    """A sample secret warns once and answers loopback peers; whoever comes from elsewhere is told why not."""
    weak = "please-change-me" if name == "jwt_secret_key" else ["please-change-me"]
    app = create_app(make_settings(migrated_sqlite, **{name: weak}))
    visitor = {"X-Forwarded-For": "203.0.113.9"}
    with caplog.at_level(logging.WARNING), TestClient(app, client=("127.0.0.1", 50000)) as local:
        for path in ("/healthz", "/readyz", "/docs", "/openapi.json", "/nowhere"):
            assert local.get(path).status_code != 403
            refused = local.get(path, headers=visitor)
            assert (refused.status_code, refused.json()["code"]) == (403, "insecure_configuration")
        for peer, status in (("127.0.0.2", 200), ("::1", 200), ("192.0.2.1", 403)):
            assert TestClient(app, client=(peer, 50000)).get("/healthz").status_code == status

    [warning] = [record for record in caplog.records if record.message == "insecure_configuration"]
    assert name.upper() in str(vars(warning)["event"])


def test_every_published_secret_is_known_as_weak() -> None:
    """Whatever a tutorial or a sample file signs with is refused, however long and random it looks."""
    assert [secret for secret in PUBLISHED_SECRETS if find_weakness(secret) is None] == []
    assert find_weakness(STRONG) is None
