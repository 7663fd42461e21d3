"""DATABASE_URL: what could never connect stops the start, and what fails while connecting is an outage."""

import logging
from collections.abc import Callable
from pathlib import Path

import mariadb
import pytest
from sqlalchemy import URL, make_url, text

from app.config import ConfigurationError, Settings, load_settings
from app.database import Database
from app.driver.url import OPTIONS, check_parts, list_hosts, parse_database_url
from app.errors import DatabaseUnavailable
from testing.loops import finish

SERVER = "mariadb+mariadbconnector://api:geheim@127.0.0.1:3306/pupero"
STRONG = "Vb7kQ2xNfTz9LmWc4RsYh8JpDg3Ea6Uo"

NEVER = [
    (f"{SERVER}?charset=utf8mb4", "option that the driver does not know: charset"),
    (f"{SERVER}?sslmode=require", "option that the driver does not know: sslmode"),
    (f"{SERVER}?connect_timeout=soon", "should be a number"),
    (f"{SERVER}?ssl=perhaps", "true or false"),
    (f"{SERVER}?ssl=true&ssl=true", "twice"),
    (SERVER.replace("geheim", "ge@heim"), "%40"),
    (SERVER.replace("geheim", "x?geheim=ge@heim"), "%40"),
    (SERVER.replace("127.0.0.1:3306/pupero", "127.0.0.1/x?geheim=y@127.0.0.1/pupero"), "driver does not know. It"),
    (SERVER.replace("pupero", ""), "must name a database"),
    (SERVER.removesuffix("/pupero"), "must name a database"),
    (f"{SERVER} ", "blanks at its ends"),
    (f"{SERVER}%20", "blanks at its ends"),
    (f"{SERVER} ?ssl=true", "blanks at its ends"),
    (SERVER.replace(":3306", " :3306"), "blank in its host"),
    (SERVER.replace("api:", "api%20:"), "blank in its host"),
    (SERVER.replace("3306", "70000"), "port from 1"),
    (SERVER.replace("127.0.0.1", "db1,,db2"), "comma too many"),
    (SERVER.replace("127.0.0.1", "db1,"), "comma too many"),
    (SERVER.replace("127.0.0.1", "db1,db2,db1"), "a host twice"),
    (SERVER.replace("127.0.0.1", "[::1],[::1]"), "a host twice"),
    (SERVER.replace("127.0.0.1", "db1, db2"), "blank in its host"),
    (f"{SERVER}?host=db1,,db2", "comma too many"),
    ("sqlite://", "names no file"),
    ("sqlite:///:memory:", "names no file"),
    ("sqlite:///file:x?mode=memory&uri=true", "names no file"),
    ("postgresql://api:geheim@127.0.0.1/pupero", "mariadb, mysql, sqlite"),
    ("mariadb+nosuchdriver://api:geheim@127.0.0.1/pupero", "installed driver"),
    ("pupero-database", "cannot be understood"),
]


@pytest.mark.asvs("16.5.1")
@pytest.mark.parametrize(("url", "reason"), NEVER)
def test_what_could_never_connect_is_refused_at_the_start(url: str, reason: str) -> None:
    """One sentence names the fault, and nothing of the password."""
    with pytest.raises(ConfigurationError) as refusal:
        load_settings(database_url=url, jwt_secret_key=STRONG)

    assert "DATABASE_URL" in str(refusal.value)
    assert reason in str(refusal.value)
    assert "heim" not in str(refusal.value)


@pytest.mark.parametrize(
    "url",
    [
        f"{SERVER}?ssl=true&ssl_ca=/path/ca.pem&ssl_verify_cert=true",
        SERVER.replace("geheim", "p%40ss/%3F%23"),
        SERVER.replace("127.0.0.1", "db1,db2,db3"),
        SERVER.replace("127.0.0.1", "[::1]"),
        SERVER.replace("127.0.0.1", "[2001:db8::1],[2001:db8::2]"),
        "mariadb+mariadbconnector://api@/pupero?unix_socket=/run/mysqld/mysqld.sock",
        "sqlite:///relative.sqlite3",
        "sqlite:///file:x.sqlite3?mode=ro&uri=true",
    ],
)
def test_what_connects_is_taken(url: str, make_settings: Callable[..., Settings]) -> None:
    """A socket file, options that the driver knows and an encoded password are left as they are."""
    assert make_settings(url).database_url.get_secret_value() == url


@pytest.mark.parametrize("option", sorted(OPTIONS - {"host"}))
def test_the_driver_knows_every_option_on_our_list(option: str) -> None:
    """The list is what the installed driver takes: an option that it refused would break every connect."""
    number = option.endswith("timeout") or option == "client_flag"
    flag = option in {"compress", "local_infile", "ssl", "ssl_verify_cert"}
    value = 1 if number else False if flag else "/nowhere"

    with pytest.raises(mariadb.Error):  # nobody listens there; an unknown name is a TypeError
        mariadb.connect(host="127.0.0.1", port=1, **{option: value})


def test_what_fails_while_connecting_is_an_outage_with_a_reason(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A driver's TypeError, or a file that is no database, is a 503 like a server that is away; the log says why."""
    (tmp_path / "letter.txt").write_text("Dear operator, " * 100, encoding="utf-8")
    for url in (f"{SERVER}?charset=utf8mb4", f"sqlite:///{tmp_path / 'letter.txt'}", f"sqlite:///{tmp_path}/no/x.db"):
        database = Database(url, pool_size=1)
        try:
            for run in (database.read, database.transaction):
                with caplog.at_level(logging.ERROR), pytest.raises(DatabaseUnavailable):
                    finish(run(lambda connection: connection.execute(text("SELECT 1"))))
        finally:
            database.close()

    reasons = [vars(record)["event"]["reason"] for record in caplog.records if record.name == "app.database"]
    assert [reason.split(" (")[-1].split(")")[0] for reason in reasons[:4]] == [
        *["TypeError"] * 2,
        *["DatabaseError SQLITE_NOTADB"] * 2,
    ]
    assert len(reasons) == 6
    assert all("geheim" not in reason for reason in reasons)


@pytest.mark.parametrize(
    ("url", "hosts"),
    [
        (SERVER, ["127.0.0.1"]),
        (SERVER.replace("127.0.0.1", "db1,db2"), ["db1", "db2"]),
        (SERVER.replace("127.0.0.1", "[::1]"), ["::1"]),
        (SERVER.replace("127.0.0.1", "[2001:db8::1],[2001:db8::2]"), ["2001:db8::1", "2001:db8::2"]),
        ("mariadb+mariadbconnector://api@/pupero?unix_socket=/run/mysqld/mysqld.sock", []),
        ("mariadb+mariadbconnector://api@/pupero?host=db1,db2", ["db1", "db2"]),
        ("sqlite:///relative.sqlite3", []),
    ],
)
def test_hosts_are_read_from_the_url(url: str, hosts: list[str]) -> None:
    """In their order, one port for all, IPv6 in its brackets."""
    assert list_hosts(make_url(url)) == hosts


def test_parts_are_judged_by_the_same_rules() -> None:
    """CreateDB's flags, made into a URL, and the same URL as text are refused alike."""
    url = URL.create("mariadb+mariadbconnector", "api", "p@ss", "127.0.0.1", 3306, "pup/ero")
    for judge in (lambda: check_parts(url), lambda: parse_database_url(url.render_as_string(hide_password=False))):
        with pytest.raises(ValueError, match="without quotes, slashes"):
            judge()
