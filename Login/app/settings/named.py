"""Settings that say what the service is called, unless the operator has set them."""

from collections.abc import Mapping
from email.headerregistry import Address
from typing import Any

Known = Mapping[str, Any]


def name_issuer(known: Known) -> str:
    """Give authenticator apps the service's name."""
    return str(known["service_name"])


def name_phrase(known: Known) -> str:
    """Welcome new accounts to it."""
    return f"Welcome to {known['service_name']}"


def name_sender(known: Known) -> str:
    """Write mails in its name, quoted where RFC 5322 wants it."""
    return str(Address(known["service_name"], "no-reply", "localhost"))
