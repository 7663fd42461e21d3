"""Every flag of the command line, as --help shows them."""

import argparse
import re
from typing import NoReturn

from app.secrets.service_secrets import NAME, SCOPES
from CreateDB.command.values import read_address, read_kinds, read_number, read_since

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
TASKS_ON_DATABASE = {
    "check": "change nothing; status 0 if the tables are up to date, or 1",
    "doctor": "examine settings, database, mail and this machine, and say how to mend what is wrong; "
    "status 1 if anything failed",
    "sweep": "remove rows that have expired",
    "reencrypt": "put the secrets in the tables under the first of today's keys (read as the API reads them)",
}
TASKS_ON_ONE_USER = {
    "show_user": "show an account, its passkeys, trusted devices and sessions",
    "disable_user": "shut an account out at once and end its sessions",
    "enable_user": "let a disabled account in again",
    "end_sessions": "sign an account out everywhere",
    "reset_second_factor": "switch an account's second factor off",
    "set_role": "give an account another role",
    "explain_login": "say what keeps an account from logging in, and until when; status 1 if anything does",
    "clear_throttle": "forget the failed attempts that make an account wait",
}


TASKS_ON_SERVICES = {
    "create_service": "let a service ask the API whose a token is, and show its secret, this once",
    "list_services": "list the services, and when each asked last",
    "rotate_service": "give a service another secret; the old one works on for 24 hours",
    "remove_service": "let a service ask nothing more, at once",
}


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
    _add_services(parser)
    _add_events(parser)
    return parser


def _add_where(parser: Parser) -> None:
    where = parser.add_argument_group("where (either the parts, or --url)")
    where.add_argument("--user", help="account on the server (required, unless --url)")
    where.add_argument("--password", help="its password; visible in the process list: prefer DB_PASSWORD or the prompt")
    where.add_argument("--host", help=f"server (default {HOST})")
    where.add_argument("--port", type=read_number(1, 65535, "a port"), help=f"its port (default {PORT})")
    where.add_argument("--database", help="database to make the tables in (required, unless --url)")
    where.add_argument("--driver", help=f"SQLAlchemy driver (default {DRIVER})")
    where.add_argument("--url", help="SQLAlchemy URL instead of the parts, for example sqlite:///pupero.sqlite3")
    where.add_argument("--echo", action="store_true", help="show each SQL statement, without its values")


def _add_tables(parser: Parser) -> None:
    what = parser.add_argument_group("beside the tables")
    help_ = "first make the database (utf8mb4) if it is absent"
    what.add_argument("--create-database", action="store_true", help=help_)
    help_ = (
        "then make or renew the account that the API shall use, which may read and write rows and nothing else; "
        "its password is taken from APP_PASSWORD, else asked for twice"
    )
    what.add_argument("--create-app-user", metavar="NAME", help=help_)
    help_ = "from where that account may connect (default %%: anywhere)"
    what.add_argument("--app-user-host", metavar="HOST", help=help_)


def _add_care(parser: Parser) -> None:
    instead = parser.add_argument_group("instead: look after the database")
    for task, help_ in TASKS_ON_DATABASE.items():
        instead.add_argument(flag_of(task), action="store_true", help=help_)
    instead.add_argument(
        "--json", action="store_true", help="with --doctor: a JSON list; with --events: a JSON object a line"
    )


def _add_users(parser: Parser) -> None:
    users = parser.add_argument_group("instead: look after users (WHO is an email address, a username or a public id)")
    users.add_argument("--list-users", action="store_true", help="list accounts, the newest first")
    users.add_argument("--like", metavar="TEXT", help="with --list-users: only those whose email or username has TEXT")
    help_ = f"with --list-users and --events: at most so many (default {LIST_LIMIT}; with --json all)"
    users.add_argument("--limit", metavar="N", type=read_number(1, 1_000_000, "a limit"), help=help_)
    for task, help_ in TASKS_ON_ONE_USER.items():
        users.add_argument(flag_of(task), metavar="WHO ROLE" if task == "set_role" else "WHO", help=help_)
    help_ = "with --explain-login and --clear-throttle: as seen from this client address"
    users.add_argument("--from", dest="from_address", metavar="ADDRESS", type=read_address, help=help_)


def _add_events(parser: Parser) -> None:
    events = parser.add_argument_group("instead: look at what happened")
    help_ = (
        "to an account, or to all, the latest first; WHO may also be the public id of a deleted one, as all shows it"
    )
    events.add_argument("--events", metavar="WHO|all", help=help_)
    help_ = "with --events: not before; 2d, 12h or 30m ago, or a date or time by ISO 8601 (UTC)"
    events.add_argument("--since", metavar="WHEN", type=read_since, help=help_)
    help_ = "with --events: of this kind only, such as session.refused; session means all session.*"
    events.add_argument("--kind", metavar="KIND", type=read_kinds, help=help_)
    help_ = "with --events: from this client address only"
    events.add_argument("--address", metavar="ADDRESS", type=read_address, help=help_)


def _add_services(parser: Parser) -> None:
    services = parser.add_argument_group("instead: look after services that accept the API's tokens")
    for task, help_ in TASKS_ON_SERVICES.items():
        takes = {"action": "store_true"} if task == "list_services" else {"metavar": "NAME", "type": _service}
        services.add_argument(flag_of(task), help=help_, **takes)
    help_ = f"with --create-service: what it is told of people, some of {','.join(SCOPES)} (default: ids alone)"
    services.add_argument("--scopes", metavar="WORDS", type=_scopes, help=help_)
    services.add_argument("--now", action="store_true", help="with --rotate-service: the old secret ends at once")


def flag_of(name: str) -> str:
    """Return the flag behind an attribute of the parsed command line."""
    return "--from" if name == "from_address" else f"--{name.replace('_', '-')}"


def _service(text: str) -> str:
    if not NAME.fullmatch(text):
        wanted = "1 to 32 lower-case letters, digits, - and _, beginning with a letter"
        raise argparse.ArgumentTypeError(f"the name of a service is {wanted}")
    return text


def _scopes(text: str) -> str:
    """Return the words in the order of ours, each once."""
    words = set(text.split(","))
    if not words <= {*SCOPES}:
        raise argparse.ArgumentTypeError(f"scopes are some of {', '.join(SCOPES)}, with commas between")
    return " ".join(scope for scope in SCOPES if scope in words)
