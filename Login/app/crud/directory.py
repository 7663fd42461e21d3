"""What an operator asks about accounts; the API itself has no need of these queries."""

from sqlalchemy import ColumnElement, Connection, func, or_, select

from app.crud.accounts import ADDRESSEE, Addressee, users
from app.crud.sessions import sessions
from app.identifiers import login_keys


def find_entries(connection: Connection, who: str) -> list[Addressee]:
    """Find who is meant by an email address, a username or a public id; two when one's name is another's id."""
    meant: list[ColumnElement[bool]] = [users.c.public_id == who]
    meant += [users.c[name] == key for name, key in (login_keys(who) or {}).items()]
    return [Addressee._make(row) for row in connection.execute(ADDRESSEE.where(or_(*meant)))]


def list_entries(connection: Connection, like: str | None, limit: int) -> list[Addressee]:
    """List accounts, the newest first; `like` is a part of the email or username, in any case."""
    query = ADDRESSEE.order_by(users.c.id.desc()).limit(limit)
    if like:
        part = like.casefold()
        query = query.where(
            or_(*(users.c[name].contains(part, autoescape=True) for name in ("email_key", "username_key")))
        )
    return [Addressee._make(row) for row in connection.execute(query)]


def count_entries(connection: Connection) -> int:
    """Count the accounts."""
    return connection.execute(select(func.count()).select_from(users)).scalar_one()


def list_addresses(connection: Connection, user_id: int) -> list[str]:
    """List the client addresses of an account's sessions, also of those that have ended."""
    query = select(sessions.c.client_address).where(sessions.c.user_id == user_id).distinct()
    return sorted(address for address in connection.execute(query).scalars() if address)
