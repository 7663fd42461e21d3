"""How far a database's tables are, compared with the migrations and models of this code."""

from dataclasses import dataclass
from pathlib import Path

from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import URL, Connection, inspect

from CreateDB.models import metadata
from CreateDB.server.engine import make_engine

MIGRATIONS = Path(__file__).resolve().parents[1] / "migrations"


UPGRADE = "run this without --check"
UPDATE = "update the code first"
RESTORE = "restore them from a backup"


@dataclass(frozen=True)
class Standing:
    """How the tables compare with this code: up to date or not, in words, and what to do about it."""

    current: bool
    text: str
    remedy: str = ""


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
    standing = _stand(url, echo=echo)
    return standing.current, f"{standing.text}: {standing.remedy}." if standing.remedy else f"{standing.text}."


def _stand(url: URL, *, echo: bool) -> Standing:
    if is_absent_file(url):  # opening it would make it
        return Standing(current=False, text=f"There is no file {url.database}", remedy=UPGRADE)
    with make_engine(url, echo=echo).connect() as connection:
        return compare(connection)


def compare(connection: Connection) -> Standing:
    """Compare an open database with this code."""
    revision = revision_of(connection)
    if revision.current != revision.head:
        return _differ(revision)
    if lacking := lacking_columns(connection):
        text = f"The tables say revision {revision.current} but lack {lacking[0]}"
        return Standing(current=False, text=text, remedy=RESTORE)
    return Standing(current=True, text=f"The tables are up to date (revision {revision.head})")


def unknown(revision: Revision) -> str:
    """Tell of tables that a newer version has made."""
    return f"The tables are at revision {revision.current}, which this version does not know"


def _differ(revision: Revision) -> Standing:
    if not revision.known:
        return Standing(current=False, text=unknown(revision), remedy=UPDATE)
    if revision.current is None:
        return Standing(current=False, text="There are no tables yet", remedy=UPGRADE)
    text = f"The tables are at revision {revision.current}, not at {revision.head}"
    return Standing(current=False, text=text, remedy=UPGRADE)


def _is_known(scripts: ScriptDirectory, revision: str) -> bool:
    try:
        return scripts.get_revision(revision) is not None
    except CommandError:
        return False


def is_absent_file(url: URL) -> bool:
    """Whether this is an SQLite file that does not exist yet."""
    name = url.database or ""
    return url.get_backend_name() == "sqlite" and not name.startswith("file:") and not Path(name).exists()
