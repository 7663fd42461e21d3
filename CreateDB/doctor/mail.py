"""Examines whether the mail server takes mails from us; none is sent."""

import smtplib
from datetime import UTC, datetime
from email.utils import parseaddr

from app.config import Settings
from app.letters.letter import Letter, Paragraph
from app.mail.delivery import Smtp
from app.mail.messages import compose
from app.outbox.outcomes import ServerAway
from CreateDB.command.terminal import one_line
from CreateDB.doctor.findings import Finding, Findings, is_this_machine, judge

ENCRYPTION = {"tls": "TLS", "starttls": "STARTTLS", "none": "not encrypted"}


def examine_smtp(settings: Settings) -> Findings:
    """Connect, encrypt and sign in by the API's own code, as before it hands over a mail."""
    if settings.smtp_host is None and settings.delivers_mail:
        yield Finding("smtp", "ok", f"SMTP_HOST is not set: mails are written to {settings.mail_dir}.")
        return
    if settings.smtp_host is None:
        text = "SMTP_HOST is not set: nobody can reset a password or learns of a break-in."
        yield Finding("smtp", "warning", text, "Set SMTP_HOST, MAIL_FROM and PUBLIC_URL.")
        return
    where, carrier = f"{settings.smtp_host}:{settings.smtp_port}", Smtp(settings)
    try:
        carrier.connect()
    except ServerAway as error:
        fix = "Correct SMTP_HOST, SMTP_PORT and SMTP_SECURE, or see that server's log."
        if isinstance(error.__cause__, smtplib.SMTPAuthenticationError):
            fix = "Correct SMTP_USER and SMTP_PASSWORD."
        yield Finding("smtp", "failure", f"{where} does not take mails from us: {_describe(error)}.", fix)
        return
    carrier.rest()
    how = f"{ENCRYPTION[settings.smtp_secure]}{', signed in' if settings.smtp_user else ''}"
    private = settings.smtp_private_network or is_this_machine(settings.smtp_host)
    if settings.smtp_secure == "none" and not private:
        fix = "Set SMTP_SECURE=starttls or tls; or SMTP_PRIVATE_NETWORK=true where only your own machines are between."
        yield Finding("smtp", judge(settings), f"{where} takes mails, whose links can be read on their way.", fix)
    else:
        yield Finding("smtp", "ok", f"{where} takes mails from us ({how}).")


def examine_sender(settings: Settings) -> Findings:
    """Compose a mail as the worker does; it is thrown away."""
    letter = Letter("somebody@example.com", "Confirm your email address", [Paragraph("Hello,")])
    try:
        mail = compose(letter, "doctor", datetime.now(UTC), settings.mail_from, settings.brand).as_bytes()
    except Exception as error:  # noqa: BLE001 the library raises what it likes at a sender that it cannot write
        text = f"No mail can be composed from MAIL_FROM: {type(error).__name__}."
        yield Finding("mail_from", "failure", text, "Set MAIL_FROM to one mailbox.")
    else:
        yield Finding("mail_from", "ok", f"A mail from {parseaddr(settings.mail_from)[1]} has {len(mail)} bytes.")


def _describe(error: ServerAway) -> str:
    """Add what the server or the system said; it was told nobody's address yet."""
    said = getattr(error.__cause__, "smtp_error", None)
    text = said.decode(errors="replace") if isinstance(said, bytes) else str(error.__cause__)
    return one_line(f"{error}: {text}")[:300].rstrip(".")
