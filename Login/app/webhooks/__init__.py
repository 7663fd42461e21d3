"""How webhooks leave their queue and reach the receiver; `python -m app.webhooks`."""
