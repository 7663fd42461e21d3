"""Examines the database: driver, encryption, schema, tables, clock, secrets at rest, rights of the account."""

import time

from sqlalchemy import URL, Connection, inspect, text

from app.columns import UtcDateTime
from app.config import Settings
from app.crud import secrets
from app.crud.operations import current_time
from CreateDB.command.api_settings import make_keys
from CreateDB.doctor.findings import Finding, Findings, Verdict, is_this_machine
from CreateDB.models import metadata
from CreateDB.server.engine import SERVERS, find_stored_name
from CreateDB.server.grants import NEEDED, list_grants
from CreateDB.tables.revisions import UPGRADE, compare

COLLATION, ENGINE, MOMENT = "utf8mb4_nopad_bin", "InnoDB", "datetime(6)"
MEND = f"ALTER TABLE: {ENGINE}, {COLLATION} for text, {MOMENT} for times; or restore a backup of mariadb-dump."
MIGRATE = "Run this command with --user and --database of an administrator."
DRIFT, FAR = 2.0, 30.0  # seconds

TABLES = text("SELECT table_name, engine FROM information_schema.tables WHERE table_schema = database()")
COLUMNS = text(
    "SELECT table_name, column_name, column_type, collation_name"
    " FROM information_schema.columns WHERE table_schema = database()"
)


def examine_driver(_settings: Settings | None, connection: Connection) -> Findings:
    """Tell which build of the driver Python has chosen, which it does silently."""
    if connection.dialect.driver != "mariadbconnector":
        return
    module = connection.dialect.loaded_dbapi
    build = getattr(module, "__impl__", "c")  # the 1.1 line has no other
    name = f"The MariaDB driver {getattr(module, '__version__', '')} is the {build} build"
    if build in {"c", "binary"}:
        yield Finding("driver", "ok", f"{name}.")
    else:
        fix = "Install mariadb[binary] as in requirements.txt, or build it."
        yield Finding("driver", "warning", f"{name}, which is slower and not what we test most.", fix)


def examine_encryption(_settings: Settings | None, connection: Connection) -> Findings:
    """Tell whether the connection to another machine can be read or taken over on its way."""
    url = connection.engine.url
    if connection.dialect.name not in SERVERS or is_this_machine(url.host):
        return
    cipher = connection.exec_driver_sql("SHOW STATUS LIKE 'Ssl_cipher'").one()[1]
    fix = "Add ?ssl=true&ssl_ca=/path/ca.pem&ssl_verify_cert=true to DATABASE_URL."
    if not cipher:
        finding = "The connection to the database is not encrypted: hashes and addresses can be read on their way."
        yield Finding("database_tls", "warning", finding, fix)
    elif not is_verified(url):
        finding = f"The connection is encrypted ({cipher}), but whose certificate it is was not checked."
        yield Finding("database_tls", "warning", finding, fix)
    else:
        yield Finding("database_tls", "ok", f"The connection is encrypted ({cipher}), its certificate checked.")


def is_verified(url: URL) -> bool:
    """Whether the driver checks whose certificate it is: it does so against a given authority only."""
    asked = str(url.query.get("ssl_verify_cert", "")).lower() in ("1", "true")
    return asked and not url.query.keys().isdisjoint({"ssl_ca", "ssl_capath"})


def examine_schema(_settings: Settings | None, connection: Connection) -> Findings:
    """Compare the tables with this code."""
    standing = compare(connection)
    if standing.remedy:
        fix = MIGRATE if standing.remedy == UPGRADE else f"{standing.remedy.capitalize()}."
        yield Finding("schema", "failure", f"{standing.text}.", fix)
    else:
        yield Finding("schema", "ok", f"{standing.text}.")


def has_tables(connection: Connection) -> bool:
    """Whether every table is there; what is missing is the schema's illness alone."""
    return metadata.tables.keys() <= set(inspect(connection).get_table_names())


def examine_tables(_settings: Settings | None, connection: Connection) -> Findings:
    """Find tables that a restore or another tool has made in its own way."""
    if connection.dialect.name not in SERVERS or not has_tables(connection):
        return
    engines = [row for row in connection.execute(TABLES) if row.table_name in metadata.tables]
    odd = [f"{table} is {engine}" for table, engine in engines if engine != ENGINE] + _list_odd_columns(connection)
    if odd:
        more = f" (and {len(odd) - 1} more)" if len(odd) > 1 else ""
        yield Finding("tables", "failure", f"{odd[0]}{more}.", MEND)
    else:
        yield Finding("tables", "ok", f"All tables are {ENGINE}, compare text byte for byte and keep microseconds.")


def _list_odd_columns(connection: Connection) -> list[str]:
    moments = {(t.name, c.name) for t in metadata.sorted_tables for c in t.columns if isinstance(c.type, UtcDateTime)}
    odd = []
    for table, column, type_, collation in connection.execute(COLUMNS):
        if table in metadata.tables and collation not in {None, COLLATION}:
            odd.append(f"{table}.{column} compares by {collation}")
        if (table, column) in moments and type_ != MOMENT:
            odd.append(f"{table}.{column} is {type_}")
    return odd


def examine_clock(_settings: Settings | None, connection: Connection) -> Findings:
    """Compare the clocks: tokens are judged by this machine's, sessions and codes by the database's."""
    before = time.time()
    theirs = current_time(connection).timestamp()
    drift = theirs - (before + time.time()) / 2
    text_ = f"The database's clock is {abs(drift):.1f} s {'ahead of' if drift > 0 else 'behind'} this machine's."
    if abs(drift) > DRIFT:
        verdict: Verdict = "failure" if abs(drift) > FAR else "warning"
        yield Finding("clock", verdict, text_, "Let both machines set their clocks by NTP.")
    else:
        yield Finding("clock", "ok", f"This machine's clock and the database's agree within {DRIFT:g} s.")


def examine_secrets_at_rest(settings: Settings | None, connection: Connection) -> Findings:
    """Count what no configured key opens, and what an older key still holds."""
    if settings is None or not has_tables(connection):
        return
    kids = [key.kid for key in make_keys(settings).secrets]
    lost, older = (secrets.count_unreadable_secrets(connection, known) for known in (kids, kids[:1]))
    if lost:
        found = f"{lost} secrets at rest were made with a key that is not configured: these people cannot sign in."
        fix = "Put the key back into TOTP_ENCRYPTION_KEYS or JWT_PREVIOUS_SECRET_KEYS, then run --reencrypt."
        yield Finding("secrets_at_rest", "failure", found, fix)
    elif older:
        found = f"{older} secrets at rest are under an older key, which must stay configured until --reencrypt was run."
        yield Finding("secrets_at_rest", "ok", found)
    else:
        yield Finding("secrets_at_rest", "ok", "All secrets at rest are under the first of today's keys.")


def examine_rights(_settings: Settings | None, connection: Connection) -> Findings:
    """Compare the account's rights with those that the API needs."""
    if connection.dialect.name not in SERVERS:
        return
    grants, database = list_grants(connection), find_stored_name(connection)
    user = connection.engine.url.username
    fix = "Give the API an account of its own: --create-app-user NAME."
    wide = [grant for grant in grants.listed if not (grant.is_needed and grant.is_on(database))]
    if wide or grants.roles:
        what = f"{wide[0].rights} on {wide[0].on}" if wide else "a role"
        text_ = f"{user} may do more than the API needs: {what}."
        yield Finding("database_rights", "warning", text_, fix)
    elif not grants.listed:
        yield Finding("database_rights", "failure", f"{user} has no rights on {database}.", fix)
    else:
        yield Finding("database_rights", "ok", f"{user} has {', '.join(sorted(NEEDED))}, and no more.")
