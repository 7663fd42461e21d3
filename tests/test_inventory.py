"""docs/inventory.md lists what there is: every key, column, connection and log, and nothing that is not there."""

import ast
import re
from dataclasses import fields
from pathlib import Path

import pytest

from app.config import Settings
from app.crud.events import events
from app.crud.sweeping import EXPIRIES
from app.export_schemas import ExportedAccount
from app.models import metadata
from app.secrets.keys import Keyrings, make_keyrings
from app.services.exports import PARTS
from deploy.make_secrets import FILES
from testing.documents import chapter, table

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "inventory.md"
KEYS, DATA, CONNECTIONS, LOGS = (chapter(PAGE, name) for name in ("Keys", "Data", "Connections", "Logs"))

# Settings that name somebody else's address; the rest of a connection's settings belong to one of these.
ADDRESSES = {"DATABASE_URL", "RATE_LIMIT_STORAGE_URI", "SMTP_HOST", "PUBLIC_URL", "WEBHOOK_URL"}
# Secrets that are passwords of others, which Keys names in its text.
PASSWORDS = {"DATABASE_URL", "RATE_LIMIT_STORAGE_URI", "SMTP_PASSWORD"}


def in_code(text: str) -> set[str]:
    """Return what stands in code."""
    return set(re.findall(r"`([^`]+)`", text))


@pytest.mark.asvs("11.1.1", "11.1.2")
def test_every_key_has_a_row() -> None:
    """Each ring of the API, each purpose that a key is derived for, and each secret of settings and containers."""
    rows = {name for row in table(KEYS) for name in in_code(row[0])}
    purposes = set(re.findall(r'derive\([^()]*(?:\(\))?[^()]*"([^"]+)"\)', source("Login/app/secrets/keys.py")))
    secret = {name.upper() for name, field in Settings.model_fields.items() if "SecretStr" in str(field.annotation)}

    assert rows == {field.name for field in fields(Keyrings)} | {
        "SECRET_KEY",
        "METRICS_TOKEN",
        "WEBHOOK_SECRET",
        "tls.pem",
    }
    assert len(purposes) == 5
    assert purposes <= in_code(KEYS)
    assert secret <= in_code(KEYS)
    assert secret >= PASSWORDS
    keys = {name for name in FILES if "password" not in name and name != "database_url"}
    assert keys <= {name.lower() for name in in_code(KEYS)}


def source(name: str) -> str:
    """Return a file's text."""
    return (ROOT / name).read_text(encoding="utf-8")


@pytest.mark.asvs("11.2.3", "11.1.2")
def test_keys_are_as_long_as_their_algorithms_want() -> None:
    """256 bits, whatever a key is made from; what signs is as long as its secret, which production measures."""
    rings = make_keyrings(["s" * 40], ["e" * 40])

    assert {len(key.secret) for key in (*rings.login, *rings.secrets)} == {32}
    assert len(rings.throttles) == 32
    assert len({rings.throttles, *(key.secret for key in (*rings.tokens, *rings.login, *rings.secrets))}) == 5


@pytest.mark.asvs("14.1.1", "14.1.2", "8.1.2")
def test_every_column_has_a_class() -> None:
    """Each once, in a class that the page explains."""
    classes, columns = table(DATA)[: table(DATA).index(["column", "class", "written by", "kept"])], []
    for row in table(DATA)[len(classes) + 1 :]:
        columns += [(column, row[1]) for column in re.findall(r"`(\w+\.\w+)`", row[0])]

    assert sorted(column for column, _ in columns) == sorted(str(column) for column in all_columns())
    assert {name for _, name in columns} == {row[0] for row in classes[1:]}


def all_columns() -> list[object]:
    """Return every column of every table."""
    return [column for table_ in metadata.sorted_tables for column in table_.columns]


@pytest.mark.asvs("14.1.1")
def test_a_person_downloads_every_column_that_is_not_named_here() -> None:
    """A new one is shown in the file, by the models that it is made of, or the page says why it is not."""
    models = [("users", ExportedAccount), *((part.table, part.row) for part in PARTS)]
    shown = {f"{name}.{column}" for name, model in models for column in model.columns()} - {"users.has_totp"}
    rows = table(chapter(PAGE, "What a person downloads"))[1:]
    withheld = [column for row in rows for column in in_code(row[0])]

    assert sorted([*shown, *withheld]) == sorted(str(column) for column in all_columns())
    assert all(reason for _, reason in rows)


@pytest.mark.asvs("14.1.2", "14.2.4")
def test_what_is_hashed_or_encrypted_is_classified_as_such() -> None:
    """No personal text is called a pseudonym, and each secret column is one that the code encrypts or hashes."""
    of_class = {column: row[1] for row in table(DATA) for column in re.findall(r"`(\w+\.\w+)`", row[0])}
    secret = {column for column, name in of_class.items() if name == "secret"}
    hidden = {"users.totp_last_step"}  # of a code that is spent

    assert secret - hidden == {
        *("users.password_hash", "users.totp_secret", "totp_enrolments.secret", "mails.content"),
        *("recovery_codes.code_hash", "one_time_tokens.token_hash", "trusted_devices.token_hash"),
        *("services.secret_hash", "services.former_hash"),
    }
    assert {column for column in of_class if re.search(r"email|username|phrase|address$|agent", column)} == {
        column for column, name in of_class.items() if name == "personal"
    } - {
        "users.opened_from",
        "users.language",
        "one_time_tokens.former",
        "passkeys.name",
        "events.operator",
        "webhooks.content",
    } | {"users.email_verified_at"}


@pytest.mark.asvs("14.1.2", "14.2.7")
def test_what_ends_is_swept() -> None:
    """Each table that the page lets end by itself is one that the API sweeps."""
    kept = {column.split(".")[0]: row[3] for row in table(DATA) for column in re.findall(r"`(\w+\.\w+)`", row[0])}
    stays = {name for name, words in kept.items() if words in {"with the account", "for good"}}

    by_id = {events.name}  # swept by id, which tells its time, and by a setting
    assert stays | {"recovery_codes"} == {table_.name for table_ in metadata.sorted_tables} - by_id - {
        one.table for one in EXPIRIES
    }


@pytest.mark.asvs("13.1.1", "13.1.2", "13.1.3")
def test_every_connection_has_a_row() -> None:
    """Each setting that names somebody's address, with its limits and times."""
    rows = table(CONNECTIONS)[1:]
    named = {name for row in rows for name in in_code(row[1])}
    addresses = {name.upper() for name in Settings.model_fields if re.search(r"_(url|uri|host)$", name)}

    assert addresses == ADDRESSES
    assert addresses | {"BACKEND_URL"} <= named
    assert all(cell for row in rows for cell in row)


@pytest.mark.asvs("13.1.2", "13.1.3")
@pytest.mark.parametrize(
    ("words", "file", "constants"),
    [
        ("2 s to connect; 2 s to read, 15 s to work", "FlaskProject/backend/road.py", {"CONNECT_SECONDS": 2.0}),
        ("2 s to read, 15 s to work", "FlaskProject/backend/api.py", {"READ_SECONDS": 2.0, "WORK_SECONDS": 15.0}),
        ("4 s to connect, 5 s an answer, 10 s", "Login/app/database.py", {"CONNECT_WAIT": 4, "ANSWER_WAIT": 5}),
        ("10 s with all repeats", "Login/app/database.py", {"TOTAL_WAIT": 10}),
        ("within 20 s of the request", "Login/app/database.py", {"REQUEST_WAIT": 20}),
        ("16 a process", "Login/app/throttling/flood_redis.py", {"CONNECTIONS": 16}),
        ("10 s in all", "Login/app/webhooks/post.py", {"SECONDS": 10.0}),
        ("4 a process", "Login/app/webhooks/worker.py", {"AT_ONCE": 4}),
        ("0.4 s, then", "Login/app/throttling/floods.py", {"SHARED_WAIT": 0.4, "PAUSE": 5.0}),
    ],
)
def test_numbers_of_connections_are_the_codes(words: str, file: str, constants: dict[str, float]) -> None:
    """Who sets a proxy's times by this page sets them right."""
    assert words in CONNECTIONS
    assert constants.items() <= read_constants(file).items()


def read_constants(name: str) -> dict[str, object]:
    """Return the plain numbers that a file names."""
    nodes = [node for node in ast.parse(source(name)).body if isinstance(node, ast.Assign)]
    return {ast.unparse(node.targets[0]): node.value.value for node in nodes if isinstance(node.value, ast.Constant)}


@pytest.mark.asvs("16.1.1", "16.2.3")
def test_logs_go_to_the_standard_streams_alone() -> None:
    """No part opens a file or a connection to log: what the page says of stdout and stderr is all there is."""
    files = [
        path for part in ("Login/app", "FlaskProject", "CreateDB", "deploy") for path in (ROOT / part).rglob("*.py")
    ]
    texts = [path.read_text(encoding="utf-8") for path in files if "tests" not in path.parts]

    assert {row[3].split()[0] for row in table(LOGS)[1:]} == {"stdout", "stderr"}
    assert not [
        text
        for text in texts
        if re.search(r"FileHandler|SysLogHandler|SocketHandler|HTTPHandler|logging\.config", text)
    ]
    assert "json-file" in source("docker-compose.yml")
    assert 'max-size: 10m, max-file: "5"' in source("docker-compose.yml")
