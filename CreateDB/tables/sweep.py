"""--sweep: removes what has expired, in small batches, as the API does by itself."""

from collections.abc import Callable

from sqlalchemy import URL

from app.crud import EXPIRIES, delete_expired
from app.crud.mails import erase_orphans
from CreateDB.server.engine import make_engine


def sweep(url: URL, *, echo: bool, say: Callable[[str], None]) -> None:
    """Remove all expired rows and tell how many of each table."""
    engine = make_engine(url, echo=echo)
    for expiry in EXPIRIES:
        total = 0
        while True:
            with engine.begin() as connection:
                gone = delete_expired(connection, expiry)
            total += gone
            if not gone:
                break
        say(f"{expiry.table}: {total} expired {'row' if total == 1 else 'rows'} removed.")
    with engine.begin() as connection:
        erased = erase_orphans(connection)
    say(f"mails: {erased} to deleted accounts erased.")
