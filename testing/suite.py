"""The whole suite as real servers that many tests share: API, pages, mails in a folder, one SQLite file."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import make_url, text

from CreateDB.server.engine import make_engine
from testing.api import make_server
from testing.arrivals import wait_for_link
from testing.browser import pages_server
from testing.processes import Server, free_port


@dataclass
class Suite:
    """Where everything is; the people in it are the tests' own."""

    url: str
    api_url: str
    mail: Path
    database_url: str

    @property
    def named_url(self) -> str:
        """Where the pages are by a name: browsers know no passkeys on an IP address."""
        return self.url.replace("127.0.0.1", "localhost")

    def mail_link(self, page: str, to: str, kind: str | None = None) -> str:
        """Wait for a mail to somebody and return the address of its link to a page, on these pages."""
        return self.url + wait_for_link(self.mail, page, to, kind)

    def make_stale(self, name: str) -> None:
        """Let five minutes pass for somebody's sessions."""
        self._run(
            "UPDATE sessions SET authenticated_at = '2020-01-01 00:00:00'"
            " WHERE user_id = (SELECT id FROM users WHERE username = :name)",
            name,
        )

    def let_codes_pass(self, name: str) -> None:
        """Let somebody's present code count as unused, as if half a minute had passed."""
        self._run("UPDATE users SET totp_last_step = 1 WHERE username = :name", name)

    def give_role(self, name: str, role: str) -> None:
        """Give somebody a role, as an operator does."""
        self._run("UPDATE users SET role = :role WHERE username = :name", name, role=role)

    def _run(self, statement: str, name: str, **values: str) -> None:
        engine = make_engine(self.database_url)
        with engine.begin() as connection:
            connection.execute(text(statement), {"name": name, **values})
        engine.dispose()


@contextmanager
def running_suite(folder: Path, database_url: str) -> Iterator[Suite]:
    """Start API and pages on a migrated database; limits count and refuse nobody, for everybody has one address."""
    port = free_port()
    api = _api_server(database_url, folder, port)
    try:
        pages = pages_server(api.url, folder / "pages.log", port)
        try:
            yield Suite(pages.url, api.url, folder / "mail", database_url)
        finally:
            pages.stop()
    finally:
        api.stop()


@pytest.fixture(scope="session")
def suite(migrated_sqlite: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Suite]:
    """Give the running suite."""
    folder = tmp_path_factory.mktemp("suite")
    shutil.copyfile(make_url(migrated_sqlite).database or "", folder / "suite.sqlite3")
    with running_suite(folder, f"sqlite:///{(folder / 'suite.sqlite3').as_posix()}") as running:
        yield running


def _api_server(database_url: str, folder: Path, pages_port: int) -> Server:
    settings = {"DATABASE_URL": database_url, "MAIL_DIR": str(folder / "mail"), "RATE_LIMITS_ENABLED": "false"}
    server = make_server(folder / "api.log", PASSKEY_ORIGINS=f"http://localhost:{pages_port}", **settings)
    server.start("/healthz")
    return server
