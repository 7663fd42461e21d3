"""A letter's form on the wire: plain text and HTML from the one source."""

from datetime import datetime
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime, parseaddr

from email_validator import EmailNotValidError

from app.identifiers import ENCODED_WORD, parse_email
from app.letters.brand import OURS, Brand
from app.letters.letter import Letter
from app.mail.layout import write_html

LINE_MAX = 998  # RFC 5322, section 2.1.1
EIGHT_BIT = "8bit"


def compose(letter: Letter, message_id: str, written_at: datetime, sender: str, brand: Brand = OURS) -> EmailMessage:
    """Put a letter into the form that servers carry; the same letter always makes the same Message-ID.

    The library refuses line breaks in headers. The text is written as it is, so that a link can be copied out of a
    file: quoted-printable would make `=3D` of a link's `=` and break it in two.
    """
    to = find_mailbox(letter.to)
    message = EmailMessage(policy=SMTP if to.username.isascii() else SMTPUTF8)
    message["From"] = sender
    message["To"] = to
    message["Subject"] = letter.subject
    message["Date"] = format_datetime(written_at)
    message["Message-ID"] = f"<{message_id}@{parseaddr(sender)[1].rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no vacation notes, please
    text = "\n\n".join(paragraph.text for paragraph in letter.text) + "\n"
    html = write_html(letter, brand)
    message.set_content(text, cte=_choose_encoding(text))
    message.add_alternative(html, subtype="html", cte=_choose_encoding(html))
    return message


def _choose_encoding(text: str) -> str:
    if max(len(line.encode()) for line in text.splitlines()) > LINE_MAX:
        return "quoted-printable"
    return "7bit" if text.isascii() else EIGHT_BIT


def has_eight_bits(message: EmailMessage) -> bool:
    """Whether a mail has a part that only servers with 8BITMIME take as it is."""
    return any(part["Content-Transfer-Encoding"] == EIGHT_BIT for part in message.walk())


def make_seven_bit(message: EmailMessage) -> None:
    """Write the parts anew for a server without 8BITMIME (RFC 6152, section 3)."""
    for part in message.walk():
        if part["Content-Transfer-Encoding"] == EIGHT_BIT:
            part.set_content(part.get_content(), subtype=part.get_content_subtype(), cte="quoted-printable")


def find_mailbox(address: str) -> Address:
    """Return a mailbox with its domain as DNS knows it; only a local part beyond ASCII asks more of a server."""
    try:
        parts = parse_email(address)
    except EmailNotValidError as error:
        raise HeaderParseError("not a mailbox") from error
    if ENCODED_WORD in address:
        raise HeaderParseError("not a mailbox as it is written")
    return Address(username=parts.local_part, domain=parts.ascii_domain)
