"""What the operator asked for, and which flags go together."""

import argparse
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from CreateDB.command import flags
from CreateDB.command.flags import TASKS_ON_DATABASE, TASKS_ON_ONE_USER, TASKS_ON_SERVICES, Parser, flag_of

UPGRADE = "upgrade"
ABOUT_SOMEBODY = (*TASKS_ON_ONE_USER, "events")
TASKS = (*TASKS_ON_DATABASE, "list_users", *ABOUT_SOMEBODY, *TASKS_ON_SERVICES)
NAMED = {*ABOUT_SOMEBODY, *TASKS_ON_SERVICES} - {"list_services"}
BETWEEN = "\0"  # no word of a command line can hold it
PARTS = ("user", "password", "host", "port", "database", "driver")
# Flags that only mean something beside another one.
COMPANIONS = {
    "json": ("doctor", "events"),
    "like": ("list_users",),
    "limit": ("list_users", "events"),
    "since": ("events",),
    "kind": ("events",),
    "address": ("events",),
    "from_address": ("explain_login", "clear_throttle"),
    "app_user_host": ("create_app_user",),
    "scopes": ("create_service",),
    "now": ("rotate_service",),
}


@dataclass(frozen=True)
class Arguments:
    """What the operator asked for; printing it shows no secret."""

    task: str
    who: str = ""
    role: str = ""
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    host: str = flags.HOST
    port: int = flags.PORT
    database: str | None = None
    driver: str = flags.DRIVER
    url: str | None = field(default=None, repr=False)
    echo: bool = False
    create_database: bool = False
    create_app_user: str | None = None
    app_user_host: str = flags.ANYWHERE
    like: str | None = None
    limit: int | None = None
    from_address: str | None = None
    json: bool = False
    scopes: str = ""
    now: bool = False
    since: timedelta | datetime | None = None
    kind: tuple[str, ...] = ()
    address: str | None = None

    @property
    def says_where(self) -> bool:
        """Whether the flags name the database; else it is the one of the API's settings."""
        return self.url is not None or self.user is not None


def parse(argv: Sequence[str] | None = None) -> Arguments:
    """Read the command line, or end with a message and status 2."""
    parser = flags.make_parser()
    found, strays = parser.parse_known_args(_join_role(sys.argv[1:] if argv is None else argv))
    if strays:
        parser.error(_name_strays(strays))
    task = _find_task(parser, found)
    _require_company(parser, found)
    _require_one_way_to_say_where(parser, found, task)
    who, role = _find_whom(parser, found, task)
    given = {name: value for name, value in vars(found).items() if value is not None and name not in TASKS}
    return Arguments(task, who, role, **given)


def _join_role(words: Sequence[str]) -> list[str]:
    """Make one word of --set-role WHO ROLE: of two, argparse would take a WHO that begins with a dash for a flag."""
    joined = list(words)
    if "--set-role" in joined:
        at = joined.index("--set-role")
        joined[at : at + 2] = ["=".join(joined[at : at + 2])]
    for at, word in enumerate(joined[:-1]):
        if word.startswith("--set-role=") and not joined[at + 1].startswith("-"):
            joined[at : at + 2] = [BETWEEN.join(joined[at : at + 2])]
            break
    return joined


def _name_strays(strays: Sequence[str]) -> str:
    """Name unknown flags only: a stray word is often the second half of a password typed without quotes."""
    unknown = [stray.partition("=")[0] for stray in strays if re.match(r"--[a-z]", stray)]
    if unknown:
        return f"there is no flag {unknown[0]}"
    return "there is a word without a flag; put quotes around a value with spaces"


def _find_task(parser: Parser, found: argparse.Namespace) -> str:
    """Find the one thing to do; making a database or an account belongs to the upgrade."""
    asked = [task for task in TASKS if _is_given(found, task)]
    beside = [step for step in ("create_database", "create_app_user") if _is_given(found, step)]
    rivals = asked if len(asked) > 1 or not beside else [*asked, *beside]
    if asked and len(rivals) > 1:
        parser.error(f"{flag_of(rivals[0])} and {flag_of(rivals[1])} are different tasks: run one after the other")
    return asked[0] if asked else UPGRADE


def _find_whom(parser: Parser, found: argparse.Namespace, task: str) -> tuple[str, str]:
    value: str = getattr(found, task) if task in NAMED else ""
    who, _, role = value.partition(BETWEEN)
    if task == "set_role" and not flags.ROLE.fullmatch(role):
        wanted = "a role is 1 to 32 lower-case letters, digits, - and _, beginning with a letter"
        parser.error(f"--set-role takes WHO and ROLE; {wanted}")
    return who, role


def _require_company(parser: Parser, found: argparse.Namespace) -> None:
    for flag, others in COMPANIONS.items():
        if _is_given(found, flag) and not any(_is_given(found, other) for other in others):
            parser.error(f"{flag_of(flag)} goes with {' or '.join(map(flag_of, others))} only")
    if found.json and found.echo:
        parser.error("--echo would mix its lines into those of --json: leave one away")


def _require_one_way_to_say_where(parser: Parser, found: argparse.Namespace, task: str) -> None:
    given = [flag_of(part) for part in PARTS if _is_given(found, part)]
    if found.url is not None and given:
        hint = "; let DB_PASSWORD carry the password" if "--password" in given else ""
        parser.error(f"--url already says where, so leave {', '.join(given)} away{hint}")
    nowhere = found.url is None and not given and task != UPGRADE
    if found.url is None and not nowhere and (found.user is None or found.database is None):
        parser.error("--user and --database are both needed, or else --url")


def _is_given(found: argparse.Namespace, name: str) -> bool:
    return getattr(found, name) not in (None, False)
