"""MAIL_FROM: one mailbox that every server takes, with its domain as DNS knows it; a leaf, for the settings too."""

from email.headerregistry import Address, AddressHeader
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import getaddresses, parseaddr

from email_validator import EmailNotValidError

from app.identifiers import ENCODED_WORD, parse_email

WANTED = "must be one mailbox, such as: Pupero <no-reply@example.com>"


def normalize_sender(value: str) -> str:
    """Return a sender as it goes into mails; ValueError for what no mail, or not every server, could carry."""
    name, address = parseaddr(value)
    if len(getaddresses([value])) != 1 or "@" not in address or not value.isprintable() or ENCODED_WORD in value:
        raise ValueError(WANTED)
    local_part, _, domain = address.rpartition("@")
    if not local_part.isascii():  # every recipient's server, and all between, would have to know SMTPUTF8
        raise ValueError("must have nothing beyond ASCII before its @: few mail servers would take it")
    sender = value if domain.isascii() else str(Address(name, local_part, _encode_domain(domain)))
    if not _is_writable(sender):
        raise ValueError(WANTED)
    return sender


def _encode_domain(domain: str) -> str:
    try:
        return str(parse_email(f"postmaster@{domain}").ascii_domain)
    except EmailNotValidError:
        raise ValueError("must have a domain that exists, such as example.com, behind its @") from None


def _is_writable(sender: str) -> bool:
    """Write a header of it, as each mail will: what fails here would fail for every one of them."""
    message = EmailMessage(policy=SMTP)
    try:
        message["From"] = sender
        message.as_bytes().decode("ascii")
        header = message["From"]
        return isinstance(header, AddressHeader) and len(header.addresses) == 1 and not getattr(header, "defects", ())
    except (ValueError, IndexError, AttributeError):
        return False
