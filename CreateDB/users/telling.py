"""The owner hears of what an operator does to their account, by the API's own services."""

from collections.abc import Mapping

from sqlalchemy import Connection

from app.crud import accounts
from CreateDB.command.api_settings import load_for
from CreateDB.command.errors import OperatorError


def tell_owner(connection: Connection, row: str, user_id: int, facts: Mapping[str, object]) -> str | None:
    """Queue the mail of a row of the table of authority in this same transaction, or say why there is none."""
    try:
        from app.resources import make_resources  # noqa: PLC0415 CreateDB's own requirements do without it
        from app.services.consequences import conclude_for  # noqa: PLC0415 likewise

        settings = load_for(connection.engine.url)
    except ModuleNotFoundError as missing:
        return f"{missing.name} is not installed here"
    except OperatorError as error:
        return str(error).rstrip(".")
    if accounts.get_addressee(connection, user_id) is None or not settings.delivers_mail:
        return "SMTP_HOST is not set"
    conclude_for(connection, make_resources(settings), row, user_id, None, facts)
    return None
