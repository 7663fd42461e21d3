"""The rows of a big installation, made by the database itself: so many accounts, and what real ones leave behind.

All names follow from a number, so that a measurement can ask for any account; keys lie scattered as real ones do.
"""

from collections.abc import Mapping

from sqlalchemy import Connection

EXPIRED = 20_000  # sessions of the first account that wait for the sweeping, whatever the size

# What the columns are that no default fills in; `n` counts from one.
MD5 = "MD5(CONCAT({}, n))"
SECONDS_AGO = "UTC_TIMESTAMP(6) - INTERVAL MOD(n * 7919, {}) SECOND"
EVENT_ID = (
    "UNHEX(CONCAT(LPAD(HEX(FLOOR(UNIX_TIMESTAMP(NOW(3)) * 1000) - MOD(n * 7919, 2592000) * 1000), 12, '0'),"
    " '7000', SUBSTR(MD5(n), 1, 16)))"
)
SESSION: Mapping[str, str] = {
    "generation": "3",
    "rotated_at": SECONDS_AGO.format(80_000),
    "created_at": SECONDS_AGO.format(80_000),
    "last_seen_at": SECONDS_AGO.format(80_000),
    "authenticated_at": SECONDS_AGO.format(80_000),
    "remember": "1",
    "client_address": "'203.0.113.9'",
    "user_agent": "'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'",
    "amr": "'pwd'",
}
SOON, LATER = "UTC_TIMESTAMP(6) + INTERVAL 1 + MOD(n, 29) DAY", SECONDS_AGO.format(2_592_000)

# Each table with how many rows it has for an account (of `people`), and its columns.
ROWS: Mapping[str, tuple[float, Mapping[str, str]]] = {
    "users": (
        1,
        {
            "id": "n",
            "public_id": MD5.format("'p'"),
            "email": "CONCAT('person', n, '@example.com')",
            "email_key": "CONCAT('person', n, '@example.com')",
            "email_verified_at": LATER,
            "username": "CONCAT('person', n)",
            "username_key": "CONCAT('person', n)",
            "password_hash": "CONCAT('$argon2id$v=19$m=65536,t=3,p=4$', MD5(n), MD5(n + 1))",
            "password_changed_at": LATER,
            "phrase": "'blue herons'",
            "role": "'user'",
            "created_at": LATER,
            "last_login_at": SECONDS_AGO.format(80_000),
        },
    ),
    "sessions": (2, {"sid": MD5.format("'s'"), "user_id": "1 + MOD(n, @people)", "expires_at": SOON, **SESSION}),
    "events": (
        2,
        {
            "id": EVENT_ID,
            "subject": "MD5(CONCAT('p', 1 + MOD(n, @people)))",
            "kind": "IF(MOD(n, 4), 'session.started', 'session.refused')",
            "at": LATER,
            "last_at": LATER,
            "times": "1",
            "outcome": "IF(MOD(n, 4), 'success', 'failure')",
            "actor": "'owner'",
            "client_address": "CONCAT('198.51.', MOD(n, 256), '.', MOD(n DIV 256, 256))",
            "user_agent": SESSION["user_agent"],
        },
    ),
    "known_addresses": (1, {"user_id": "n", "address_hash": "UNHEX(SHA2(n, 256))", "last_used_at": LATER}),
    "recovery_codes": (1, {"user_id": "1 + (n - 1) DIV 10 * 10", "code_hash": "UNHEX(SHA2(n, 256))"}),
    "passkeys": (
        0.1,
        {
            "public_id": MD5.format("'k'"),
            "user_id": "n * 10",
            "credential_id": "UNHEX(SHA2(n, 256))",
            "public_key": "UNHEX(SHA2(n, 512))",
            "name": "'phone'",
            "sign_count": "0",
            "synced": "1",
            "backed_up": "1",
            "transports": "'internal'",
            "created_at": LATER,
            "client_address": "''",
            "user_agent": "''",
        },
    ),
    "attempts": (
        0.1,
        {
            "key_hash": "UNHEX(SHA2(n, 256))",
            "count": "2",
            "window_started_at": SECONDS_AGO.format(3000),
            "last_at": SECONDS_AGO.format(3000),
            "expires_at": SOON,
        },
    ),
    "mails": (
        0.1,
        {
            "message_id": MD5.format("'m'"),
            "user_id": "n * 10",
            "kind": "'session_started'",
            "state": "'sent'",
            "tries": "1",
            "next_try_at": SECONDS_AGO.format(80_000),
            "created_at": SECONDS_AGO.format(80_000),
        },
    ),
}


def fill(connection: Connection, people: int, expired: int = EXPIRED, owners: int = 1) -> None:
    """Fill the tables anew for so many people: each by one statement, so that the server sorts its indexes at once.

    So many expired sessions, of the first accounts, wait for the sweeping.
    """
    connection.exec_driver_sql(f"SET @people = {people}, SESSION unique_checks = 0, foreign_key_checks = 0")
    for table in ROWS:
        connection.exec_driver_sql(f"TRUNCATE TABLE {table}")
    connection.commit()
    for table, (each, columns) in ROWS.items():
        _insert(connection, table, columns, max(1, int(people * each)))
    in_order = f"UTC_TIMESTAMP(6) - INTERVAL 1 + {expired} - n SECOND"  # what began earlier has ended earlier
    old = {"sid": MD5.format("'x'"), "user_id": f"1 + MOD(n, {owners})", "expires_at": in_order, **SESSION}
    _insert(connection, "sessions", old, expired)
    for table in ROWS:
        connection.exec_driver_sql(f"ANALYZE TABLE {table}").close()
    connection.commit()


def _insert(connection: Connection, table: str, columns: Mapping[str, str], rows: int) -> None:
    names = ", ".join(f"`{name}`" for name in columns)
    values = ", ".join(columns.values())
    numbers = f"(SELECT seq AS n FROM seq_1_to_{rows}) numbers"  # noqa: S608 a number of ours
    connection.exec_driver_sql(f"INSERT INTO {table} ({names}) SELECT {values} FROM {numbers}")  # noqa: S608 our own words
    connection.commit()
