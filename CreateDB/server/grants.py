"""What an account may do, as SHOW GRANTS tells it, and what of it concerns one database."""

import re
from dataclasses import dataclass

from sqlalchemy import Connection

NEEDED = frozenset({"SELECT", "INSERT", "UPDATE", "DELETE"})
NAME = r"(?:\*|`(?:[^`]|``)*`)"
# The line goes on with the account and perhaps its password's hash, which is never kept.
ON_SOMETHING = re.compile(
    rf"GRANT (?P<rights>.+?) ON (?P<kind>(?:[A-Z]+ )*)(?P<database>{NAME})\.(?P<thing>{NAME}) TO .*?"
    r"(?P<option>WITH .*GRANT OPTION.*)?"
)


@dataclass(frozen=True)
class Grant:
    """Rights on one thing: everything, a database, a table or a routine."""

    rights: str
    kind: str
    database: str
    thing: str
    may_pass_on: bool

    @property
    def on(self) -> str:
        """Name the thing as a statement does."""
        return f"{self.kind}{self.database}.{self.thing}"

    @property
    def is_needed(self) -> bool:
        """Whether these are exactly the rights of the API on a whole database."""
        return frozenset(self.rights.split(", ")) == NEEDED and self.thing == "*" and not self.may_pass_on

    def is_on(self, database: str) -> bool:
        """Whether this names this very database; `_` may be written with a backslash, because it is a wildcard."""
        return re.sub(r"\\([_%\\])", r"\1", self.database[1:-1].replace("``", "`")) == database


@dataclass(frozen=True)
class Grants:
    """All rights of an account, and the number of roles and proxies that bring it more."""

    listed: list[Grant]
    roles: int


def list_grants(connection: Connection, account: str = "CURRENT_USER()") -> Grants:
    """Ask the server; `account` is quoted already."""
    lines = [str(line) for line in connection.exec_driver_sql(f"SHOW GRANTS FOR {account}").scalars()]
    matches = [ON_SOMETHING.fullmatch(line) for line in lines if not line.startswith("SET DEFAULT ROLE")]
    found = [Grant(m["rights"], m["kind"], m["database"], m["thing"], m["option"] is not None) for m in matches if m]
    # USAGE only says that the account exists.
    listed = [grant for grant in found if grant.rights != "USAGE" or grant.may_pass_on]
    return Grants(listed, matches.count(None))


def quote_pattern(database: str) -> str:
    """Quote a database's name for GRANT, where `_` and `%` would else stand for any character."""
    return "`" + re.sub(r"([_%\\])", r"\\\1", database).replace("`", "``") + "`"
