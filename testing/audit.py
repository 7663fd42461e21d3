"""What is compared when all is over: every row on every node."""

import time
from collections.abc import Sequence
from typing import TypeAlias

from sqlalchemy import select

from CreateDB.models import metadata
from CreateDB.server.engine import make_engine
from testing.ledger import Ledger

Rows: TypeAlias = dict[str, list[str]]

SAME_WITHIN = 60.0  # seconds, for workers that still write and for nodes that catch up


def require_same_everywhere(ledger: Ledger, urls: Sequence[str]) -> None:
    """Accuse a cluster whose nodes do not come to hold the same rows."""
    end = time.monotonic() + SAME_WITHIN
    while differing := _find_differences([read_rows(url) for url in urls]):
        if time.monotonic() > end:
            ledger.accuse(f"nodes differ in {', '.join(differing)}")
            return
        time.sleep(0.5)


def read_rows(url: str) -> Rows:
    """Read every row of a database, by table."""
    engine = make_engine(url)
    with engine.connect() as connection:
        tables = metadata.sorted_tables
        rows = {each.name: sorted(map(repr, connection.execute(select(each)).all())) for each in tables}
    engine.dispose()
    return rows


def _find_differences(copies: list[Rows]) -> list[str]:
    return [name for name in copies[0] if any(copy[name] != copies[0][name] for copy in copies[1:])]
