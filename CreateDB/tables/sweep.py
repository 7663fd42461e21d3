"""--sweep: removes what has expired, in small batches, as the API does by itself."""

from sqlalchemy import URL

from app.crud.mails import erase_orphans
from app.crud.sweeping import EXPIRIES, delete_expired
from CreateDB.command.arguments import Arguments
from CreateDB.command.terminal import count, say
from CreateDB.command.urls import describe
from CreateDB.server.engine import make_engine


def sweep(arguments: Arguments, url: URL) -> int:
    """Do --sweep: remove all expired rows and tell how many of each table."""
    say(f"Connecting to {describe(url)} ...")
    engine = make_engine(url, echo=arguments.echo)
    for expiry in EXPIRIES:
        total, gone = 0, 1
        while gone:
            with engine.begin() as connection:
                gone = delete_expired(connection, expiry)
            total += gone
        say(f"{expiry.table}: {count(total, 'expired row')} removed.")
    with engine.begin() as connection:
        erased = erase_orphans(connection)
    say(f"mails: {erased} to deleted accounts erased.")
    return 0
