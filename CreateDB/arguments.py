"""The command line: every flag, and which of them go together."""

import argparse
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NoReturn

DESCRIPTION = "Make the database and bring its tables up to date. Run it again at any time, also to upgrade."
EPILOG = (
    "The password is taken from --password, else from the environment variable DB_PASSWORD, "
    "else asked for without showing it."
)
HOST, PORT, DRIVER = "127.0.0.1", 3306, "mariadb+mariadbconnector"
TASKS = ("check", "sweep", "reencrypt", "create_database")
PARTS = ("user", "password", "host", "port", "database", "driver")


@dataclass(frozen=True)
class Arguments:
    """What the operator asked for; printing it shows no secret."""

    user: str
    password: str | None = field(repr=False)
    host: str
    port: int
    database: str
    driver: str
    url: str | None = field(repr=False)
    echo: bool
    create_database: bool
    check: bool
    sweep: bool
    reencrypt: bool


class Parser(argparse.ArgumentParser):
    """A parser that answers in one line and never repeats a value, which may be a password."""

    def error(self, message: str) -> NoReturn:
        """End with status 2, as usual for a command line that cannot be understood."""
        if message.endswith("expected one argument"):
            message += "; join one that begins with a dash by =, as in --password=-x"
        self.exit(2, f"{self.prog}: error: {message} (--help shows all flags)\n")


def parse(argv: Sequence[str] | None = None) -> Arguments:
    """Read the command line, or end with a message and status 2."""
    parser = _parser()
    found, strays = parser.parse_known_args(argv)
    if strays:
        parser.error(_name_strays(strays))
    _require_one_way_to_say_where(parser, found)
    _require_one_task(parser, found)
    return Arguments(
        user=found.user,
        password=found.password,
        host=HOST if found.host is None else found.host,
        port=PORT if found.port is None else found.port,
        database=found.database,
        driver=DRIVER if found.driver is None else found.driver,
        url=found.url,
        echo=found.echo,
        create_database=found.create_database,
        check=found.check,
        sweep=found.sweep,
        reencrypt=found.reencrypt,
    )


def _parser() -> Parser:
    # Abbreviations are off: `--pass x` would else mean --password today and something else tomorrow.
    parser = Parser(prog="CreateDB/main.py", description=DESCRIPTION, epilog=EPILOG, allow_abbrev=False)
    where = parser.add_argument_group("where (either the parts, or --url)")
    where.add_argument("--user", help="account on the server (required, unless --url)")
    where.add_argument("--password", help="its password; visible in the process list: prefer DB_PASSWORD or the prompt")
    where.add_argument("--host", help=f"server (default {HOST})")
    where.add_argument("--port", type=_port, help=f"its port (default {PORT})")
    where.add_argument("--database", help="database to make the tables in (required, unless --url)")
    where.add_argument("--driver", help=f"SQLAlchemy driver (default {DRIVER})")
    where.add_argument("--url", help="SQLAlchemy URL instead of the parts, for example sqlite:///pupero.sqlite3")
    what = parser.add_argument_group("what")
    what.add_argument(
        "--create-database", action="store_true", help="first make the database (utf8mb4) if it is absent"
    )
    what.add_argument(
        "--check", action="store_true", help="change nothing; status 0 if the tables are up to date, or 1"
    )
    what.add_argument("--sweep", action="store_true", help="only remove rows that have expired")
    what.add_argument(
        "--reencrypt",
        action="store_true",
        help="only put the secrets in the tables under the first of today's keys (read as the API reads them)",
    )
    what.add_argument("--echo", action="store_true", help="show each SQL statement, without its values")
    return parser


def _port(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,5}", text, re.ASCII) or not 1 <= int(text) <= 65535:  # noqa: PLR2004 the last port
        raise argparse.ArgumentTypeError("a port is a number from 1 to 65535")
    return int(text)


def _name_strays(strays: Sequence[str]) -> str:
    """Name unknown flags only: a stray word is often the second half of a password typed without quotes."""
    flags = [stray.partition("=")[0] for stray in strays if re.match(r"--[a-z]", stray)]
    if flags:
        return f"there is no flag {flags[0]}"
    return "there is a word without a flag; put quotes around a value with spaces"


def _require_one_task(parser: Parser, found: argparse.Namespace) -> None:
    asked = [f"--{task.replace('_', '-')}" for task in TASKS if getattr(found, task)]
    if len(asked) > 1:
        parser.error(f"{asked[0]} and {asked[1]} are different tasks: run one after the other")


def _require_one_way_to_say_where(parser: Parser, found: argparse.Namespace) -> None:
    given = [f"--{part}" for part in PARTS if getattr(found, part) is not None]
    if found.url is not None and given:
        hint = "; let DB_PASSWORD carry the password" if "--password" in given else ""
        parser.error(f"--url already says where, so leave {', '.join(given)} away{hint}")
    if found.url is None and (found.user is None or found.database is None):
        parser.error("--user and --database are both needed, or else --url")
