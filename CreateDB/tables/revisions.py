"""How far a database's tables are, compared with the migrations and models of this code.

Alembic knows it too, and takes longer to load than the question to answer.
"""

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import URL, Connection, inspect, text

from CreateDB.command.arguments import Arguments
from CreateDB.command.terminal import say
from CreateDB.command.urls import is_absent_file
from CreateDB.models import metadata
from CreateDB.server.engine import make_engine

MIGRATIONS = Path(__file__).resolve().parents[1] / "migrations"

UPGRADE = "run this without --check"
UPDATE = "update the code first"
RESTORE = "restore them from a backup"


@dataclass(frozen=True)
class Standing:
    """How the tables compare with this code, in words, and what to do about it: nothing where they are up to date."""

    text: str
    remedy: str = ""

    def __str__(self) -> str:
        """Say both in one sentence."""
        return f"{self.text}: {self.remedy}." if self.remedy else f"{self.text}."


def list_revisions() -> list[str]:
    """List the revisions of this code, the newest last: each file's name begins with its own."""
    return sorted(path.name.partition("_")[0] for path in (MIGRATIONS / "versions").glob("[0-9]*_*.py"))


def list_current(connection: Connection) -> list[str]:
    """List the revisions that a database says it is at: one, or none without tables."""
    if not inspect(connection).has_table("alembic_version"):
        return []
    return sorted(connection.execute(text("SELECT version_num FROM alembic_version")).scalars())


def lacking_columns(connection: Connection) -> list[str]:
    """List what the models expect and the database lacks: the table of another program, or a dump half restored."""
    found = inspect(connection).get_multi_columns(filter_names=list(metadata.tables))
    there = {(table, column["name"]) for (_, table), columns in found.items() for column in columns}
    wanted = [(table.name, column.name) for table in metadata.sorted_tables for column in table.columns]
    return [f"{table}.{column}" for table, column in wanted if (table, column) not in there]


def check(arguments: Arguments, url: URL) -> int:
    """Do --check: say whether the tables are up to date, in one line, and change nothing; status 1 if they are not."""
    if is_absent_file(url):  # opening it would make it
        standing = Standing(f"There is no file {url.database}", UPGRADE)
    else:
        with make_engine(url, echo=arguments.echo).connect() as connection:
            standing = compare(connection)
    say(str(standing))
    return 1 if standing.remedy else 0


def compare(connection: Connection) -> Standing:
    """Compare an open database with this code."""
    current, known = ", ".join(list_current(connection)), list_revisions()
    if not current:
        return Standing("There are no tables yet", UPGRADE)
    if current not in known:
        return Standing(f"The tables are at revision {current}, which this version does not know", UPDATE)
    if current != known[-1]:
        return Standing(f"The tables are at revision {current}, not at {known[-1]}", UPGRADE)
    if lacking := lacking_columns(connection):
        return Standing(f"The tables say revision {current} but lack {lacking[0]}", RESTORE)
    return Standing(f"The tables are up to date (revision {current})")
