"""The pages' settings: where they come from, and which ones stop the start."""

import errno
import logging
import os
import subprocess
import sys
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

import app.secrets.weak_keys
from app.secrets.weak_keys import SECRET_BYTES, SECRET_VARIETY
from FlaskProject.app import create_app
from FlaskProject.config import Config, ConfigError, is_loopback, is_public, load_config
from FlaskProject.settings import weak_keys
from testing.forging import PUBLISHED_SECRETS

STRONG = "Zk3vR8mQpL2xWn7TcY5bHs9DfGj4KaEu"
NOWHERE = Path("does-not-exist")
ROOT = Path(__file__).resolve().parents[2]


def load(**process: str) -> Config:
    """Read settings from these variables and no file."""
    return load_config(process, NOWHERE)


def test_defaults_are_the_seeds() -> None:
    """With a key alone, everything else is as the configuration reference says."""
    assert load(SECRET_KEY=STRONG) == Config(secret_key=STRONG)
    assert Config(secret_key="").backend_url == "http://localhost:8000"


@pytest.mark.asvs("13.2.3")
def test_published_keys_are_refused() -> None:
    """Whatever a tutorial or a sample file signs cookies with stops production, however long and random it looks."""
    for key in filter(None, PUBLISHED_SECRETS):
        with pytest.raises(ConfigError, match="SECRET_KEY"):
            load(SECRET_KEY=key, ENVIRONMENT="production")


def test_pages_and_api_know_the_same_samples() -> None:
    """Neither part takes a key that the other one knows from a tutorial."""
    pages = (weak_keys.SAMPLE, weak_keys.PUBLISHED, weak_keys.CYCLES, weak_keys.SENTENCES)

    assert pages == (
        app.secrets.weak_keys.SAMPLE,
        app.secrets.weak_keys.PUBLISHED,
        app.secrets.weak_keys.CYCLES,
        app.secrets.weak_keys.SENTENCES,
    )
    assert (weak_keys.SHORTEST, weak_keys.FEWEST_DIFFERENT) == (SECRET_BYTES, SECRET_VARIETY)


def test_the_file_beside_config_is_read_and_the_process_wins(tmp_path: Path) -> None:
    """Values keep their `$`, a byte order mark does no harm, empty means unset, the environment comes first."""
    file = tmp_path / ".env"
    file.write_text(
        f"\ufeffSECRET_KEY={STRONG}$HOME\nREMEMBER_ME_DAYS=\nSECURE_COOKIES=true  # in production\n"
        "BACKEND_URL=http://from.file:1\n",
        encoding="utf-8",
    )

    config = load_config({"BACKEND_URL": "http://from.process:2/", "SESSION_COOKIE_SAMESITE": " "}, file)

    assert config.secret_key == f"{STRONG}$HOME"
    assert config.remember_me == timedelta(days=30)
    assert config.secure_cookies
    assert config.backend_url == "http://from.process:2"


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16"])
def test_a_file_in_another_encoding_is_named_and_not_quoted(tmp_path: Path, encoding: str) -> None:
    """Editors on Windows offer both."""
    file = tmp_path / ".env"
    file.write_text(f"SECRET_KEY={STRONG}é\n", encoding=encoding)

    with pytest.raises(ConfigError) as caught:
        load_config({}, file)
    assert str(caught.value) == f"{file}: must be text in UTF-8"


def test_a_file_of_another_account_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A start by the wrong account ends with a line that says so."""
    file = tmp_path / ".env"

    def refuse(*_args: object, **_options: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(file))

    monkeypatch.setattr("FlaskProject.config.dotenv_values", refuse)
    with pytest.raises(ConfigError) as caught:
        load_config({}, file)
    assert str(caught.value) == f"{file}: cannot be read (Permission denied)"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        *((word, True) for word in ("true", "1", "YES", "on")),
        *((word, False) for word in ("false", "0", "No", "off", "false  # set true in production")),
    ],
)
def test_booleans_are_read_as_people_write_them(written: str, meant: bool) -> None:
    """A comment that `docker run --env-file` left behind the value is no part of it."""
    assert load(SECRET_KEY=STRONG, SECURE_COOKIES=written).secure_cookies is meant


@pytest.mark.asvs("3.3.2")
@pytest.mark.parametrize("written", ["lax", "LAX", "Lax"])
def test_samesite_is_read_whatever_its_case(written: str) -> None:
    """Browsers take it so, too."""
    assert load(SECRET_KEY=STRONG, SESSION_COOKIE_SAMESITE=written).samesite == "Lax"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("REMEMBER_ME_DAYS", "thirty-one"),
        ("REMEMBER_ME_DAYS", "0"),
        ("REMEMBER_ME_DAYS", "-5"),
        ("REMEMBER_ME_DAYS", "9" * 5000),
        ("SECURE_COOKIES", "perhaps"),
        ("SESSION_COOKIE_SAMESITE", "Loose"),
        ("SESSION_COOKIE_SAMESITE", "None"),
        ("TRUSTED_PROXY_COUNT", "many"),
        ("ENVIRONMENT", "staging"),
        ("BACKEND_URL", "ftp://nowhere"),
        ("BACKEND_URL", "localhost:8000"),
    ],
)
def test_a_setting_that_cannot_stand_is_named_and_not_quoted(name: str, value: str) -> None:
    """One line with the name, never the value: it may stand in a log that others read."""
    with pytest.raises(ConfigError) as caught:
        load(SECRET_KEY=STRONG, **{name: value})

    assert str(caught.value).startswith(f"{name}: ")
    assert value in {"0", "None"} or value not in str(caught.value)
    assert "\n" not in str(caught.value)


WEAK = [
    "",
    "tiny",
    "a" * 64,
    "abab" * 20,
    "please-change-me",
    "please-change-me-" * 4,
    "CHANGEME" * 8,
    "qazwsxedcrfv" * 3,
]


@pytest.mark.parametrize("key", WEAK)
def test_production_refuses_a_weak_key(key: str) -> None:
    """A key that can be guessed signs nothing."""
    with pytest.raises(ConfigError, match="SECRET_KEY") as caught:
        load(SECRET_KEY=key, ENVIRONMENT="production")

    assert not key or key not in str(caught.value)


def test_production_refuses_a_weak_previous_key() -> None:
    """A previous key still opens doors."""
    with pytest.raises(ConfigError, match="SECRET_KEY_FALLBACKS"):
        load(SECRET_KEY=STRONG, SECRET_KEY_FALLBACKS=f"{STRONG[::-1]},short", ENVIRONMENT="production")


@pytest.mark.asvs("3.3.1")
def test_production_wants_secure_cookies() -> None:
    """Tokens never travel where anybody can read them; all that is wrong is said at once, and nothing of a key."""
    for behind in ("0", "1"):
        with pytest.raises(ConfigError, match="SECURE_COOKIES: must be true"):
            load(SECRET_KEY=STRONG, ENVIRONMENT="production", TRUSTED_PROXY_COUNT=behind)
    with pytest.raises(ConfigError, match=r"SECRET_KEY: .*; SECRET_KEY_FALLBACKS: .*; SECURE_COOKIES: ") as caught:
        load(SECRET_KEY="geheim", SECRET_KEY_FALLBACKS="geheim", ENVIRONMENT="production", SECURE_COOKIES="false")

    assert "geheim" not in str(caught.value)
    assert load(SECRET_KEY=STRONG, ENVIRONMENT="production", SECURE_COOKIES="true").secure_cookies


@pytest.fixture
def pages_log(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> pytest.LogCaptureFixture:
    """Give the log, each line once: pages made by an earlier test have taken theirs out of the root's."""
    monkeypatch.setattr(logging.getLogger("FlaskProject"), "propagate", True)
    return caplog


def test_development_warns_once_about_a_weak_key(pages_log: pytest.LogCaptureFixture) -> None:
    """The seed's quickstart runs with its sample, and says what that means."""
    with pages_log.at_level(logging.WARNING, "FlaskProject"):
        config = load(SECRET_KEY="please-change-me")

    assert config.secret_key_weakness
    assert ["this machine only" in record.message for record in pages_log.records] == [True]
    assert "please-change-me" not in pages_log.text


def test_a_missing_key_is_made_for_this_process(pages_log: pytest.LogCaptureFixture) -> None:
    """Two starts do not share it, and the log says so once."""
    with pages_log.at_level(logging.WARNING, "FlaskProject"):
        first, second = load(), load()

    assert first.secret_key != second.secret_key
    assert first.secret_key_weakness is None
    assert len(pages_log.records) == 2
    assert first.secret_key not in pages_log.text


def test_the_key_never_shows_in_a_repr() -> None:
    """Settings end up in traces."""
    assert STRONG not in repr(Config(secret_key=STRONG, secret_key_fallbacks=(STRONG,)))


def test_a_bad_setting_ends_the_start_with_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """No trace: whoever starts the pages reads what to mend."""
    monkeypatch.setenv("SECURE_COOKIES", "perhaps")

    with pytest.raises(SystemExit) as caught:
        create_app()

    assert str(caught.value) == "FlaskProject cannot start. SECURE_COOKIES: must be true or false"


@pytest.mark.parametrize(
    ("address", "ours"),
    [
        *((address, True) for address in ("127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1")),
        *((address, False) for address in ("10.0.0.1", "::ffff:10.0.0.1", "localhost", None)),
    ],
)
def test_loopback_is_told_from_everything_else(address: str | None, ours: bool) -> None:
    """Names and empty addresses are nobody's."""
    assert is_loopback(address) is ours


@pytest.mark.parametrize(
    ("folder", "app"), [(ROOT / "FlaskProject", "app.py"), (ROOT, "FlaskProject.app"), (ROOT, "FlaskProject/app.py")]
)
def test_flask_finds_the_pages_however_it_is_told(folder: Path, app: str) -> None:
    """The seed's own command works, and so does the dotted name."""
    command = [sys.executable, "-m", "flask", "--app", app, "routes"]
    ended = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False)  # noqa: S603 our own command

    assert "sessions.log_in" in ended.stdout, ended.stderr


@pytest.mark.parametrize("name", [".env", ".flaskenv"])
def test_a_stray_env_file_has_no_say(tmp_path: Path, name: str) -> None:
    """The `flask` command reads whichever lies where it is called; ours lies beside config.py."""
    (tmp_path / name).write_text("SECURE_COOKIES=perhaps\n", encoding="utf-8")
    command = [sys.executable, "-m", "flask", "--app", str(ROOT / "FlaskProject" / "app.py"), "routes"]
    run = partial(subprocess.run, command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)

    assert "sessions.log_in" in run().stdout
    assert "SECURE_COOKIES" in run(env=os.environ | {"SECURE_COOKIES": "maybe"}).stderr


def test_importing_the_app_builds_and_reads_nothing() -> None:
    """A bad setting hurts only whoever starts the pages."""
    code = "import os; os.environ['SECURE_COOKIES'] = 'perhaps'; import FlaskProject.app"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, timeout=60, check=True)  # noqa: S603 our own command


@pytest.mark.parametrize(
    ("address", "public"),
    [
        *(("8.8.8.8", True), ("2a00:1450:4001::1", True), ("::ffff:8.8.8.8", True)),
        *(("127.0.0.1", False), ("192.168.1.20", False), ("fe80::1", False), ("", False), (None, False)),
    ],
)
def test_who_comes_from_the_internet(address: str | None, public: bool) -> None:
    """A phone on the same network does not, whatever the address is written like."""
    assert is_public(address) is public


def test_a_development_that_faces_the_internet_says_so_once(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first visitor from outside a private network makes one warning; production makes none."""
    configs = [Config(secret_key=STRONG), Config(secret_key=STRONG, environment="production", secure_cookies=True)]
    browsers = [create_app(config).test_client() for config in configs]
    monkeypatch.setattr(logging.getLogger("FlaskProject"), "propagate", True)
    for browser in browsers:
        for address in ("127.0.0.1", "192.168.1.20", "8.8.8.8", "8.8.4.4"):
            browser.get("/login", environ_base={"REMOTE_ADDR": address})

    said = {id(one): one.levelname for one in caplog.records if "the internet is served" in one.message}
    assert list(said.values()) == ["WARNING"]
