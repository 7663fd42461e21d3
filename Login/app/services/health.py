"""Whether this process can serve."""

import asyncio
import logging

from sqlalchemy.exc import SQLAlchemyError

from app.crud import operations, secrets
from app.errors import ApiError, DatabaseUnavailable, Draining
from app.resources import Resources

logger = logging.getLogger(__name__)

REVISION = "0011"  # the schema that this code needs; revisions count up
LOOK = 10.0  # seconds until a database is asked again that was away, or had no tables yet, at the start


async def report_unreadable_secrets(resources: Resources) -> None:
    """Log how many secrets at rest no configured key opens: those people cannot sign in until the key is back."""
    kids = [key.kid for key in resources.keys.secrets]
    while True:
        try:
            count = await resources.database.read(secrets.count_unreadable_secrets, kids)
            break
        except (ApiError, SQLAlchemyError):
            await asyncio.sleep(LOOK)
    if count:
        logger.error("secrets_unreadable", extra={"event": {"rows": count}})


async def require_ready(resources: Resources) -> None:
    """Refuse while the database is away, its schema is older than this code, or the process is about to end."""
    drain_file = resources.settings.drain_file
    if drain_file is not None and drain_file.exists():
        raise Draining(retry_after=1)
    revision = await resources.database.read(operations.get_revision)
    if revision is None or revision < REVISION:
        logger.error("schema_outdated", extra={"event": {"found": revision, "needed": REVISION}})
        raise DatabaseUnavailable(retry_after=5)
