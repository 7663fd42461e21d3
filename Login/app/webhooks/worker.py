"""The webhook worker: delivers to one receiver, an account's in their order and several accounts' at a time.

It has threads of its own, so that neither a slow receiver holds mails up nor the reverse.
"""

import asyncio
import contextlib
import logging
import ssl
import time
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor

from app.crud import webhooks
from app.crud.outbox import Queued
from app.outbox.worker import Events, Worker, running
from app.resources import Resources
from app.secrets.standard_webhooks import sign
from app.services.webhooks import open_content
from app.settings.webhook_receiver import Receiver, read_receiver
from app.webhooks.post import SECONDS, Post

logger = logging.getLogger(__name__)

AT_ONCE = 4
EVENTS = Events("webhook_sent", "webhook_delayed", "webhook_dead", "webhook_receiver_away", "webhook_worker_failed")
HEADERS = {"Content-Type": "application/json", "User-Agent": "Pupero-Webhooks", "Connection": "close"}


class WebhookWorker(Worker):
    """Delivers at least once: a receiver knows a repeated webhook by its id."""

    def __init__(self, resources: Resources, receiver: Receiver) -> None:
        """Take what it works with; `run` starts it."""
        super().__init__(resources, webhooks.queue, resources.webhook_bell, EVENTS, webhooks.LEASE)
        self._receiver = receiver
        self._context = ssl.create_default_context()
        self._threads = ThreadPoolExecutor(AT_ONCE, "webhook")

    async def deliver_due(self) -> None:
        """Deliver all that is due now; ServerAway when none gets through."""
        while not self._stopping.is_set():
            due = await self._resources.database.read(webhooks.find_due, AT_ONCE)
            if not due:
                return
            outcomes = await asyncio.gather(*map(self._try, due), return_exceptions=True)
            for failure in filter(None, outcomes):
                raise failure

    def close(self) -> None:
        """End the threads; what they waited for was cut off with its task."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _try(self, row: Queued) -> None:
        if row.content is None:  # of an account that is gone
            await self._resources.database.transaction(webhooks.queue.remove, row)
        else:
            await super()._try(row)

    async def _carry(self, row: Queued) -> None:
        settings, loop = self._resources.settings, asyncio.get_running_loop()
        body, now = open_content(self._resources.keys, row).encode(), int(time.time())
        secrets = [secret.get_secret_value() for secret in settings.webhook_secret]
        signed = {"webhook-id": row.message_id, "webhook-timestamp": str(now)}
        signed["webhook-signature"] = sign(secrets, row.message_id, now, body)
        post = Post(self._receiver, self._context, private=settings.webhook_private_network)
        cut = loop.call_later(SECONDS, post.abort)
        try:
            await loop.run_in_executor(self._threads, post.send_to_receiver, {**HEADERS, **signed}, body)
        finally:
            cut.cancel()
            post.abort()  # a worker that stops waits no longer


@contextlib.asynccontextmanager
async def running_worker(resources: Resources) -> AsyncIterator[None]:
    """Run a worker beside what is inside, if the settings want one."""
    wanted = resources.settings.mail_worker and resources.settings.webhook_url
    async with running(*[make_worker(resources)] if wanted else []):
        yield


def make_worker(resources: Resources) -> WebhookWorker:
    """Make a worker for WEBHOOK_URL, and say once where webhooks go."""
    receiver = read_receiver(resources.settings.webhook_url or "")
    logger.info("webhooks_go_to", extra={"event": {"to": receiver.authority}})
    return WebhookWorker(resources, receiver)
