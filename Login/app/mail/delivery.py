"""Handing a mail on: to an SMTP server, or as a file to a developer's folder."""

import contextlib
import os
import re
import smtplib
import socket
import ssl
import tempfile
from email.message import EmailMessage
from pathlib import Path

from app.config import Settings
from app.mail.messages import has_eight_bits, make_seven_bit
from app.outbox.outcomes import NotDelivered, Refused, ServerAway, describe

# RFC 3463, section 3.2, and Postfix, which tells of a sender at the recipient: MAIL_FROM is at fault, and no mail.
OF_SENDER = re.compile(rb"^5\.1\.[78]\b|sender address rejected", re.IGNORECASE)
PERMANENT = 500  # RFC 5321, section 4.2.1: 4yz is for now, 5yz for good


class Smtp:
    """One connection, kept for as long as mails follow each other."""

    def __init__(self, settings: Settings) -> None:
        """Take the server's address; nothing connects yet."""
        self._settings = settings
        self._smtp: smtplib.SMTP | None = None

    def carry(self, message: EmailMessage, name: str) -> None:  # noqa: ARG002 the Message-ID says as much
        """Send a mail or raise NotDelivered; a connection that has failed is not used again."""
        smtp = self.connect()
        try:
            _send(smtp, message)
        except smtplib.SMTPRecipientsRefused as error:
            code, said = next(iter(error.recipients.values()))
            if OF_SENDER.search(said):
                self.rest()
                raise ServerAway(f"MAIL_FROM refused: {code}") from error
            raise (Refused if code >= PERMANENT else NotDelivered)(f"recipient refused: {code}") from error
        except smtplib.SMTPDataError as error:
            kind = Refused if error.smtp_code >= PERMANENT else NotDelivered
            raise kind(f"content refused: {error.smtp_code}") from error
        except smtplib.SMTPSenderRefused as error:  # MAIL_FROM is at fault, and no mail is to die of it
            self.rest()
            raise ServerAway(f"MAIL_FROM refused: {error.smtp_code}") from error
        except smtplib.SMTPNotSupportedError as error:
            raise Refused("the server knows no addresses beyond ASCII") from error
        except (smtplib.SMTPException, OSError) as error:
            self.rest()
            raise NotDelivered(describe(error)) from error

    def rest(self) -> None:
        """Say good-bye, until the next mail."""
        smtp, self._smtp = self._smtp, None
        if smtp is not None:
            with contextlib.suppress(smtplib.SMTPException, OSError):
                smtp.quit()
            smtp.close()

    def abort(self) -> None:
        """Cut the line, from another thread: a delivery that hangs fails."""
        line = self._smtp.sock if self._smtp else None
        if line is not None:
            with contextlib.suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)

    def connect(self) -> smtplib.SMTP:
        """Return the connection if it is still there, else a new one, encrypted and signed in; or raise ServerAway."""
        if self._smtp is not None and not self._is_alive(self._smtp):
            self.rest()
        if self._smtp is None:
            try:
                self._smtp = self._open()
            except (smtplib.SMTPException, OSError, ValueError) as error:  # a name or password that cannot be sent
                raise ServerAway(describe(error)) from error
        return self._smtp

    @staticmethod
    def _is_alive(smtp: smtplib.SMTP) -> bool:
        try:
            return smtp.noop()[0] == 250  # noqa: PLR2004 RFC 5321, section 4.2.3: OK
        except (smtplib.SMTPException, OSError):
            return False

    def _open(self) -> smtplib.SMTP:
        """Connect, encrypted as the settings say or not at all: never fall back to the clear."""
        settings = self._settings
        host, port = settings.smtp_host or "", settings.smtp_port
        seconds = settings.smtp_timeout_seconds.total_seconds()
        if settings.smtp_secure == "tls":
            smtp: smtplib.SMTP = smtplib.SMTP_SSL(host, port, timeout=seconds, context=ssl.create_default_context())
        else:
            smtp = smtplib.SMTP(host, port, timeout=seconds)
        try:
            if settings.smtp_secure == "starttls":
                smtp.starttls(context=ssl.create_default_context())
            if settings.smtp_user is not None:
                password = settings.smtp_password.get_secret_value() if settings.smtp_password else ""
                smtp.login(settings.smtp_user, password)
        except BaseException:
            smtp.close()
            raise
        return smtp


def _send(smtp: smtplib.SMTP, message: EmailMessage) -> None:
    options = []
    if has_eight_bits(message):
        smtp.ehlo_or_helo_if_needed()
        if smtp.has_extn("8bitmime"):
            options = ["BODY=8BITMIME"]
        else:
            make_seven_bit(message)
    smtp.send_message(message, mail_options=options)


class Folder:
    """Files for a developer to open, each there as a whole or not at all."""

    def __init__(self, wanted: Path) -> None:
        """Take the folder, or a new temporary one when it cannot be made."""
        self.path = _make_private(wanted)

    def carry(self, message: EmailMessage, name: str) -> None:
        """Write a file that only its owner reads: it holds links; `name` is the same at every try."""
        part, whole = self.path / f".{name}.part", self.path / f"{name}.eml"
        try:
            with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                file.write(message.as_bytes())
            part.replace(whole)
        except OSError as error:
            raise ServerAway(describe(error)) from error

    def rest(self) -> None:
        """Keep nothing open between mails."""

    def abort(self) -> None:
        """Let it be written: no file hangs."""


def _make_private(wanted: Path) -> Path:
    try:
        wanted.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError:
        return Path(tempfile.mkdtemp(prefix="pupero-mail-"))
    return wanted if os.access(wanted, os.W_OK) else Path(tempfile.mkdtemp(prefix="pupero-mail-"))


def make_carrier(settings: Settings) -> Smtp | Folder:
    """Choose SMTP when there is a server, else the folder."""
    return Folder(settings.mail_dir) if settings.smtp_host is None else Smtp(settings)
