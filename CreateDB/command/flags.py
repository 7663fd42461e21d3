"""Every flag of the command line, as --help shows them."""

import argparse
import re
from collections.abc import Callable
from typing import NoReturn

from app.clients.addresses import parse_address

PROGRAM = "CreateDB/main.py"
USAGE = f"{PROGRAM} [--user NAME --database NAME | --url URL] [what to do]"
DESCRIPTION = "Make the database and bring its tables up to date. Run it again at any time, also to upgrade."
EPILOG = (
    "The password is taken from --password, else from the environment variable DB_PASSWORD, "
    "else asked for without showing it. Where a task changes no tables, --user or --url may be left away: "
    "it then takes the DATABASE_URL of the API's settings."
)
HOST, PORT, DRIVER = "127.0.0.1", 3306, "mariadb+mariadbconnector"
ANYWHERE = "%"
LIST_LIMIT = 50
ROLE = re.compile("[a-z][a-z0-9_-]{0,31}", re.ASCII)


class Parser(argparse.ArgumentParser):
    """A parser that answers in one line and never repeats a value, which may be a password."""

    def error(self, message: str) -> NoReturn:
        """End with status 2, as usual for a command line that cannot be understood."""
        if message.endswith("expected one argument"):
            message += "; join one that begins with a dash by =, as in --password=-x"
        self.exit(2, f"{self.prog}: error: {message} (--help shows all flags)\n")


def make_parser() -> Parser:
    """Make the parser."""
    # Abbreviations are off: `--pass x` would else mean --password today and something else tomorrow.
    parser = Parser(prog=PROGRAM, usage=USAGE, description=DESCRIPTION, epilog=EPILOG, allow_abbrev=False)
    _add_where(parser)
    _add_tables(parser)
    _add_care(parser)
    _add_users(parser)
    return parser


def _add_where(parser: Parser) -> None:
    where = parser.add_argument_group("where (either the parts, or --url)")
    where.add_argument("--user", help="account on the server (required, unless --url)")
    where.add_argument("--password", help="its password; visible in the process list: prefer DB_PASSWORD or the prompt")
    where.add_argument("--host", help=f"server (default {HOST})")
    where.add_argument("--port", type=_number(1, 65535, "a port"), help=f"its port (default {PORT})")
    where.add_argument("--database", help="database to make the tables in (required, unless --url)")
    where.add_argument("--driver", help=f"SQLAlchemy driver (default {DRIVER})")
    where.add_argument("--url", help="SQLAlchemy URL instead of the parts, for example sqlite:///pupero.sqlite3")
    where.add_argument("--echo", action="store_true", help="show each SQL statement, without its values")


def _add_tables(parser: Parser) -> None:
    what = parser.add_argument_group("beside the tables")
    what.add_argument(
        "--create-database", action="store_true", help="first make the database (utf8mb4) if it is absent"
    )
    what.add_argument(
        "--create-app-user",
        metavar="NAME",
        help="then make or renew the account that the API shall use, which may read and write rows and nothing else; "
        "its password is taken from APP_PASSWORD, else asked for twice",
    )
    what.add_argument(
        "--app-user-host", metavar="HOST", help="from where that account may connect (default %%: anywhere)"
    )


def _add_care(parser: Parser) -> None:
    instead = parser.add_argument_group("instead: look after the database")
    instead.add_argument(
        "--check", action="store_true", help="change nothing; status 0 if the tables are up to date, or 1"
    )
    instead.add_argument(
        "--doctor",
        action="store_true",
        help="examine settings, database, mail and this machine, and say how to mend what is wrong; "
        "status 1 if anything failed",
    )
    instead.add_argument("--json", action="store_true", help="with --doctor: a JSON list")
    instead.add_argument("--sweep", action="store_true", help="remove rows that have expired")
    instead.add_argument(
        "--reencrypt",
        action="store_true",
        help="put the secrets in the tables under the first of today's keys (read as the API reads them)",
    )


def _add_users(parser: Parser) -> None:
    users = parser.add_argument_group("instead: look after users (WHO is an email address, a username or a public id)")
    users.add_argument("--list-users", action="store_true", help="list accounts, the newest first")
    users.add_argument("--like", metavar="TEXT", help="with --list-users: only those whose email or username has TEXT")
    users.add_argument(
        "--limit",
        metavar="N",
        type=_number(1, 1_000_000, "a limit"),
        help=f"with --list-users: at most so many (default {LIST_LIMIT})",
    )
    users.add_argument("--show-user", metavar="WHO", help="show an account and its sessions")
    users.add_argument("--disable-user", metavar="WHO", help="shut an account out at once and end its sessions")
    users.add_argument("--enable-user", metavar="WHO", help="let a disabled account in again")
    users.add_argument("--end-sessions", metavar="WHO", help="sign an account out everywhere")
    users.add_argument("--reset-second-factor", metavar="WHO", help="switch an account's second factor off")
    users.add_argument("--set-role", metavar="WHO ROLE", help="give an account another role")
    users.add_argument(
        "--from",
        dest="from_address",
        metavar="ADDRESS",
        type=_address,
        help="with the next two: as seen from this client address",
    )
    users.add_argument(
        "--explain-login",
        metavar="WHO",
        help="say what keeps an account from logging in, and until when; status 1 if anything does",
    )
    users.add_argument("--clear-throttle", metavar="WHO", help="forget the failed attempts that make an account wait")


def _address(text: str) -> str:
    address = parse_address(text)
    if address is None:
        raise argparse.ArgumentTypeError("a client address is one such as 203.0.113.9 or 2001:db8::9")
    return str(address)


def _number(least: int, most: int, what: str) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not re.fullmatch(r"[0-9]{1,7}", text, re.ASCII) or not least <= int(text) <= most:
            raise argparse.ArgumentTypeError(f"{what} is a number from {least} to {most}")
        return int(text)

    return read
