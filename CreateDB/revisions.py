"""How far a database's tables are, compared with the migrations and models of this code."""

from dataclasses import dataclass
from pathlib import Path

from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import URL, Connection, inspect

from CreateDB.engine import make_engine
from CreateDB.models import metadata

MIGRATIONS = Path(__file__).resolve().parent / "migrations"


@dataclass(frozen=True)
class Revision:
    """Where a database stands."""

    current: str | None
    head: str
    known: bool


def revision_of(connection: Connection) -> Revision:
    """Read the revision that the database says it is at."""
    scripts = ScriptDirectory(str(MIGRATIONS))
    current = ", ".join(MigrationContext.configure(connection).get_current_heads()) or None
    return Revision(current, scripts.get_current_head() or "", current is None or _is_known(scripts, current))


def lacking_columns(connection: Connection) -> list[str]:
    """List what the models expect and the database lacks: the table of another program, or a dump half restored."""
    inspector = inspect(connection)
    lacking = []
    for table in metadata.sorted_tables:
        there = {c["name"] for c in inspector.get_columns(table.name)} if inspector.has_table(table.name) else set()
        lacking += [f"{table.name}.{column.name}" for column in table.columns if column.name not in there]
    return lacking


def check(url: URL, *, echo: bool = False) -> tuple[bool, str]:
    """Say whether the tables are up to date, in one line, and change nothing."""
    if is_absent_file(url):  # opening it would make it
        return False, f"There is no file {url.database}: run this without --check."
    with make_engine(url, echo=echo).connect() as connection:
        return check_connection(connection)


def check_connection(connection: Connection) -> tuple[bool, str]:
    """Say the same of an open connection."""
    revision = revision_of(connection)
    if revision.current != revision.head:
        return False, _say_difference(revision)
    lacking = lacking_columns(connection)
    if lacking:
        return False, f"The tables say revision {revision.current} but lack {lacking[0]}: restore them from a backup."
    return True, f"The tables are up to date (revision {revision.head})."


def unknown(revision: Revision) -> str:
    """Tell of tables that a newer version has made."""
    return f"The tables are at revision {revision.current}, which this version does not know: update the code first."


def _say_difference(revision: Revision) -> str:
    if not revision.known:
        return unknown(revision)
    if revision.current is None:
        return "There are no tables yet: run this without --check."
    return f"The tables are at revision {revision.current}, not at {revision.head}: run this without --check."


def _is_known(scripts: ScriptDirectory, revision: str) -> bool:
    try:
        return scripts.get_revision(revision) is not None
    except CommandError:
        return False


def is_absent_file(url: URL) -> bool:
    """Whether this is an SQLite file that does not exist yet."""
    name = url.database or ""
    return url.get_backend_name() == "sqlite" and not name.startswith("file:") and not Path(name).exists()
