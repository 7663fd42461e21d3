"""Examines whether the mail server takes mails from us; none is sent."""

import smtplib
import ssl

from app.config import Settings
from CreateDB.doctor.findings import Finding, Findings, Patient
from CreateDB.explain import one_line

SEE = "Correct the SMTP_ settings, or see the server's log."


def examine_smtp(patient: Patient, settings: Settings) -> Findings:
    """Connect, greet, encrypt and sign in, as the API does before it hands over a mail."""
    if not settings.smtp_host:
        folder = "mails are written to MAIL_DIR" if settings.delivers_mail else "no mail is sent"
        fix = None if settings.delivers_mail else "Set SMTP_HOST, MAIL_FROM and PUBLIC_URL."
        yield Finding("smtp", "ok" if settings.delivers_mail else "warning", f"SMTP_HOST is not set: {folder}.", fix)
        return
    where = f"{settings.smtp_host}:{settings.smtp_port}"
    try:
        how = _knock(settings)
    except smtplib.SMTPAuthenticationError:
        yield Finding("smtp", "failure", f"{where} refused SMTP_USER or SMTP_PASSWORD.", SEE)
    except (smtplib.SMTPException, OSError, ssl.SSLError) as error:
        yield Finding("smtp", "failure", f"{where}: {one_line(str(error)) or type(error).__name__}.", SEE)
    else:
        plain = settings.smtp_secure == "none"
        fix = "Set SMTP_SECURE=starttls or tls." if plain else None
        yield Finding("smtp", patient.grave if plain else "ok", f"{where} takes mails from us ({how}).", fix)


def _knock(settings: Settings) -> str:
    context, seconds = ssl.create_default_context(), settings.smtp_timeout_seconds.total_seconds()
    host, port = settings.smtp_host or "", settings.smtp_port
    secure = settings.smtp_secure == "tls"
    with smtplib.SMTP_SSL(host, port, timeout=seconds, context=context) if secure else smtplib.SMTP(
        host, port, timeout=seconds
    ) as server:
        server.ehlo()
        if settings.smtp_secure == "starttls":
            server.starttls(context=context)
            server.ehlo()
        if settings.smtp_user and settings.smtp_password:
            server.login(settings.smtp_user, settings.smtp_password.get_secret_value())
        return _describe(settings)


def _describe(settings: Settings) -> str:
    encryption = {"tls": "TLS", "starttls": "STARTTLS", "none": "not encrypted"}[settings.smtp_secure]
    return f"{encryption}, signed in" if settings.smtp_user else encryption
