"""The worker: delivers what is due, puts off what fails, gives up in the end; however many there are, a mail goes once.

A mail is claimed by moving its next try to the end of a lease. A worker that dies leaves its claim to whoever comes
after the lease; one that was too slow finds at the end that the mail is no longer its own.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from app.crud import mails
from app.crud.mails import AWAY_WAIT, LONGEST_WAIT, MailRow
from app.errors import ApiError, DatabaseUnavailable, OutcomeUnknown
from app.letters.letter import Letter
from app.mail.delivery import Folder, NotDelivered, Refused, ServerAway, Smtp, make_carrier
from app.mail.messages import compose
from app.resources import Resources
from app.services.errands import ERRANDS, run_errand
from app.services.mails import open_content
from app.settings.mail_sender import normalize_sender

logger = logging.getLogger(__name__)

POLL = 3.0  # seconds; mails that this process queues ring a bell
PAUSE = 10.0  # seconds without a try while the server is away
BATCH = 20
BACK_OFF = [timedelta(seconds=30), timedelta(minutes=2), timedelta(minutes=10), timedelta(minutes=30)]
BACK_OFF += [*(timedelta(hours=hours) for hours in (1, 3, 6, 12)), LONGEST_WAIT]
LAST_MAIL_WAIT = 5.0  # seconds that a stop waits for the mail under way


class Worker:
    """One loop that delivers; its SMTP has a thread of its own, so that a slow server slows no request."""

    def __init__(self, resources: Resources, carrier: Smtp | Folder) -> None:
        """Take what it works with; `run` starts it."""
        self._resources = resources
        self._carrier = carrier
        self._thread = ThreadPoolExecutor(1, "mail")
        self._stopping = asyncio.Event()
        # Every step of a delivery may take the whole time-out, and there are about ten.
        self._lease = 12 * resources.settings.smtp_timeout_seconds + timedelta(seconds=60)

    async def run(self) -> None:
        """Deliver until stopped; no failure ends it."""
        self._resources.bell.listen()
        while not self._stopping.is_set():
            if await self._work():
                await self._resources.bell.wait(POLL)
            else:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._stopping.wait(), PAUSE)

    async def _work(self) -> bool:
        """Do what is to be done; False when it makes no sense to go on at once."""
        try:
            await self.deliver_due()
        except (ServerAway, ApiError):  # mail server or database is away, and the log knows
            return False
        except Exception:
            logger.exception("mail_worker_failed")
            return False
        return True

    async def deliver_due(self) -> None:
        """Deliver all that is due now; ServerAway when none gets through."""
        while due := await self._resources.database.read(mails.find_due, BATCH):
            for row in due:
                if self._stopping.is_set():
                    return
                await self._try(row)
        await asyncio.get_running_loop().run_in_executor(self._thread, self._carrier.rest)

    async def stop(self, task: asyncio.Task[None]) -> None:
        """Finish the mail under way, or cut it off; its claim then ends by itself."""
        self._stopping.set()
        self._resources.bell.ring()
        await asyncio.wait([task], timeout=LAST_MAIL_WAIT)
        task.cancel()
        await asyncio.wait([task])
        self.close()

    def close(self) -> None:
        """End the thread, and what it may be waiting for."""
        self._carrier.abort()
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def _try(self, row: MailRow) -> None:
        database = self._resources.database
        if row.kind in ERRANDS:
            await self._run_errand(row)
        elif mail := await database.transaction(mails.claim, row, self._lease):
            await self._deliver(mail)

    async def _run_errand(self, row: MailRow) -> None:
        try:
            await self._resources.database.transaction(run_errand, self._resources, row)
        except (DatabaseUnavailable, OutcomeUnknown):
            raise
        except Exception:  # whatever is wrong with this one, the others must be done
            await self._resources.database.transaction(mails.mark_dead, row)
            logger.exception("mail_dead", extra={"event": {"mail": row.message_id, "kind": row.kind}})

    async def _deliver(self, mail: MailRow) -> None:
        """Try one mail, and write down what became of it."""
        transaction = self._resources.database.transaction
        try:
            await self._carry(mail)
        except ServerAway as error:
            await transaction(mails.put_back, mail, AWAY_WAIT)
            self._log("mail_server_away", mail, error)
            raise
        except NotDelivered as error:
            if isinstance(error, Refused) or mail.tries > len(BACK_OFF):
                await transaction(mails.mark_dead, mail)
                self._log("mail_dead", mail, error)
            else:
                await transaction(mails.postpone, mail, BACK_OFF[mail.tries - 1])
                self._log("mail_delayed", mail, error)
        except Exception:  # whatever is wrong with this one, the others must go out
            await transaction(mails.mark_dead, mail)
            logger.exception("mail_dead", extra={"event": {"mail": mail.message_id, "kind": mail.kind}})
        else:
            await transaction(mails.mark_sent, mail)
            logger.info("mail_sent", extra={"event": {"mail": mail.message_id, "kind": mail.kind}})

    async def _carry(self, mail: MailRow) -> None:
        letter = Letter.from_json(open_content(self._resources, mail))
        message = compose(letter, mail.message_id, mail.created_at, self._find_sender())
        name = f"{mail.created_at:%Y%m%d-%H%M%S-%f}-{mail.kind}-{mail.message_id}"
        await asyncio.get_running_loop().run_in_executor(self._thread, self._carrier.carry, message, name)

    def _find_sender(self) -> str:
        """Return MAIL_FROM; a fault of a setting keeps mails waiting and kills none."""
        try:
            return normalize_sender(self._resources.settings.mail_from)
        except ValueError as error:
            raise ServerAway(f"MAIL_FROM {error}") from error

    @staticmethod
    def _log(event: str, mail: MailRow, error: Exception) -> None:
        fields = {"mail": mail.message_id, "kind": mail.kind, "tries": mail.tries, "reason": str(error)}
        logger.warning(event, extra={"event": fields})


@contextlib.asynccontextmanager
async def running_worker(resources: Resources) -> AsyncIterator[None]:
    """Run a worker beside what is inside, if the settings want one."""
    if not resources.settings.mail_worker or not resources.settings.delivers_mail:
        if not resources.settings.delivers_mail:
            logger.warning("mail_kept_queued", extra={"event": {"reason": "SMTP_HOST is not set"}})
        yield
        return
    worker = make_worker(resources)
    task = asyncio.create_task(worker.run())
    try:
        yield
    finally:
        await worker.stop(task)


def make_worker(resources: Resources) -> Worker:
    """Make a worker with the carrier that the settings choose, and say once where mails go."""
    carrier = make_carrier(resources.settings)
    to = str(carrier.path) if isinstance(carrier, Folder) else resources.settings.smtp_host
    logger.info("mail_goes_to", extra={"event": {"to": to}})
    return Worker(resources, carrier)
