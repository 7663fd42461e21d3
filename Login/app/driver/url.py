"""DATABASE_URL: what could never connect is refused before anything runs, by the API and by CreateDB alike."""

import re

from sqlalchemy import URL, make_url
from sqlalchemy.exc import SQLAlchemyError

BACKENDS = ("mariadb", "mysql", "sqlite")
LOOKS = (
    "It looks like mariadb+mariadbconnector://USER:PASSWORD@HOST:3306/DATABASE "
    "(special characters of the password percent-encoded) or sqlite:///FILE."
)
LONGEST_NAME = 64  # MariaDB's limit
HIGHEST_PORT = 65535
# Quotes, separators and control characters have no business in a name, and every business in an injection.
UNSAFE_IN_NAME = re.compile(r"[`'\"/\\;\x00-\x1f\x7f-\x9f]|^\s|\s$")
# What both builds of MariaDB's driver take behind the `?`: the compiled one refuses every other name at each connect.
OPTIONS = frozenset({
    *("compress", "connect_timeout", "host", "init_command", "local_infile", "read_timeout", "write_timeout"),
    *("ssl", "ssl_ca", "ssl_capath", "ssl_cert", "ssl_cipher", "ssl_crl", "ssl_crlpath", "ssl_key", "ssl_verify_cert"),
    *("client_flag", "default_file", "default_group", "plugin_dir", "tls_fp", "tls_fp_list", "tls_version"),
    "unix_socket",
})  # fmt: skip


def list_hosts(url: URL) -> list[str]:
    """Name the hosts of a URL, in their order; none for a file or a socket of this machine."""
    said = url.query.get("host", url.host)
    if not isinstance(said, str) or "unix_socket" in url.query:
        return []
    return [host.removeprefix("[").removesuffix("]") for host in said.split(",")]


def parse_database_url(text: str) -> URL:
    """Return the URL, or raise ValueError in words that repeat no part of it: a password may stand in any."""
    try:
        url = make_url(text)
    except (SQLAlchemyError, ValueError):
        raise ValueError(f"cannot be understood. {LOOKS}") from None
    if "@" in (url.host or ""):
        raise ValueError(f"cannot be understood. {LOOKS} An @ in the password is %40.")
    check_parts(url)
    return url


def check_parts(url: URL) -> None:
    """Raise ValueError unless the URL names one of our databases, whole, in a way that its driver takes."""
    if url.get_backend_name() not in BACKENDS:
        raise ValueError(f"must name one of the databases {', '.join(BACKENDS)}")
    (_check_file if url.get_backend_name() == "sqlite" else _check_server)(url)


def check_driver(url: URL) -> None:
    """Raise ValueError unless the driver is installed, works without an event loop and knows the options."""
    try:
        dialect = url.get_dialect()
        dialect.import_dbapi()
    except (SQLAlchemyError, ImportError):
        raise ValueError("must name an installed driver, such as mariadb+mariadbconnector") from None
    if dialect.is_async:
        raise ValueError("must name a driver that is not asynchronous, such as mariadb+mariadbconnector")
    check_options(url)


def _check_file(url: URL) -> None:
    if not url.database or url.database == ":memory:" or url.query.get("mode") == "memory":
        raise ValueError("names no file: tables in memory would be gone at once. Take sqlite:///FILE.")


def _check_server(url: URL) -> None:
    if not url.database:
        raise ValueError("must name a database: ...HOST:3306/DATABASE.")
    if len(url.database) > LONGEST_NAME or UNSAFE_IN_NAME.search(url.database):
        raise ValueError(
            f"has a database's name that is refused: at most {LONGEST_NAME} characters, "
            "without quotes, slashes, semicolons, control characters or blanks at its ends."
        )
    _check_hosts(list_hosts(url))
    if re.search(r"\s", url.host or "") or (url.username or "") != (url.username or "").strip():
        raise ValueError("has a blank in its host or at an end of its user.")
    if url.port is not None and not 0 < url.port <= HIGHEST_PORT:
        raise ValueError(f"must have a port from 1 to {HIGHEST_PORT}.")


def _check_hosts(hosts: list[str]) -> None:
    if len(hosts) > 1 and not all(hosts):
        raise ValueError("has a comma too many between its hosts: ...@db1,db2:3306/DATABASE.")
    if len(set(hosts)) < len(hosts):
        raise ValueError("names a host twice.")


def check_options(url: URL) -> None:
    """Raise ValueError for what stands behind the `?` and its driver would refuse at each connect."""
    if url.get_driver_name() != "mariadbconnector":
        return
    if unknown := sorted(url.query.keys() - OPTIONS):
        # An @ behind the ? may end a password that nobody has encoded.
        which = "" if any("@" in str(value) for value in url.query.values()) else f": {', '.join(unknown)}"
        raise ValueError(f"has an option that the driver does not know{which}. It knows {', '.join(sorted(OPTIONS))}.")
    if any(not isinstance(value, str) for value in url.query.values()):
        raise ValueError("has an option twice.")
    try:
        url.get_dialect()().create_connect_args(url)
    except ValueError:
        raise ValueError("has an option whose value should be a number, or true or false.") from None
