"""Examines whether the receiver of webhooks can be reached; none is sent."""

import ssl

from app.config import Settings
from app.outbox.outcomes import ServerAway
from app.settings.webhook_receiver import read_receiver
from app.webhooks.post import Post
from CreateDB.doctor.findings import Finding, Findings


def examine_receiver(settings: Settings) -> Findings:
    """Connect and encrypt by the API's own code, as before it hands over a webhook."""
    if settings.webhook_url is None:
        return
    receiver = read_receiver(settings.webhook_url)
    post = Post(receiver, ssl.create_default_context(), private=settings.webhook_private_network)
    try:
        post.open()
    except ServerAway as error:
        fix = "Correct WEBHOOK_URL; WEBHOOK_PRIVATE_NETWORK=true is for a receiver in a network of your own."
        yield Finding("webhooks", "failure", f"{receiver.authority} cannot be reached: {error}.", fix)
        return
    finally:
        post.close()
    how = "https" if receiver.is_encrypted else "on this machine"
    yield Finding("webhooks", "ok", f"{receiver.authority} can be reached ({how}). No webhook was sent.")
