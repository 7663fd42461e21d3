"""The mail worker: runs errands, and delivers mails by a thread of its own, so that a slow server slows no request."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from app.crud import mails
from app.crud.mails import MailRow
from app.errors import DatabaseUnavailable, OutcomeUnknown
from app.letters.letter import Letter
from app.mail.delivery import Folder, Smtp, make_carrier
from app.mail.messages import compose
from app.outbox.outcomes import ServerAway
from app.outbox.worker import Events, Worker, running
from app.resources import Resources
from app.services.errands import ERRANDS, run_errand
from app.services.mails import open_content
from app.settings.mail_sender import normalize_sender

logger = logging.getLogger(__name__)

BATCH = 20
EVENTS = Events("mail_sent", "mail_delayed", "mail_dead", "mail_server_away", "mail_worker_failed")


class MailWorker(Worker):
    """Delivers one mail after the other; links that somebody waits for before notices."""

    def __init__(self, resources: Resources, carrier: Smtp | Folder) -> None:
        """Take what it works with; `run` starts it."""
        # Every step of a delivery may take the whole time-out, and there are about ten.
        lease = 12 * resources.settings.smtp_timeout_seconds + timedelta(seconds=60)
        super().__init__(resources, mails.queue, resources.bell, EVENTS, lease)
        self._carrier = carrier
        self._thread = ThreadPoolExecutor(1, "mail")

    async def deliver_due(self) -> None:
        """Deliver all that is due now; ServerAway when none gets through."""
        while due := await self._resources.database.read(mails.find_due, BATCH):
            for row in due:
                if self._stopping.is_set():
                    return
                await (self._run_errand(row) if row.kind in ERRANDS else self._try(row))
        await asyncio.get_running_loop().run_in_executor(self._thread, self._carrier.rest)

    def close(self) -> None:
        """End the thread, and what it may be waiting for."""
        self._carrier.abort()
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def _run_errand(self, row: MailRow) -> None:
        try:
            await self._resources.database.transaction(run_errand, self._resources, row)
        except (DatabaseUnavailable, OutcomeUnknown):
            raise
        except Exception:  # whatever is wrong with this one, the others must be done
            await self._resources.database.transaction(mails.queue.mark_dead, row)
            logger.exception("mail_dead", extra={"event": self._describe(row)})

    async def _carry(self, row: MailRow) -> None:
        letter = Letter.from_json(open_content(self._resources, row))
        brand = self._resources.settings.brand
        message = compose(letter, row.message_id, row.created_at, self._find_sender(), brand)
        name = f"{row.created_at:%Y%m%d-%H%M%S-%f}-{row.kind}-{row.message_id}"
        await asyncio.get_running_loop().run_in_executor(self._thread, self._carrier.carry, message, name)

    def _find_sender(self) -> str:
        """Return MAIL_FROM; a fault of a setting keeps mails waiting and kills none."""
        try:
            return normalize_sender(self._resources.settings.mail_from)
        except ValueError as error:
            raise ServerAway(f"MAIL_FROM {error}") from error


@contextlib.asynccontextmanager
async def running_worker(resources: Resources) -> AsyncIterator[None]:
    """Run a worker beside what is inside, if the settings want one."""
    settings = resources.settings
    if not settings.delivers_mail:
        logger.warning("mail_kept_queued", extra={"event": {"reason": "SMTP_HOST is not set"}})
    async with running(*[make_worker(resources)] if settings.mail_worker and settings.delivers_mail else []):
        yield


def make_worker(resources: Resources) -> MailWorker:
    """Make a worker with the carrier that the settings choose, and say once where mails go."""
    carrier = make_carrier(resources.settings)
    to = str(carrier.path) if isinstance(carrier, Folder) else resources.settings.smtp_host
    logger.info("mail_goes_to", extra={"event": {"to": to}})
    return MailWorker(resources, carrier)
