"""Examines whether connections that leave this machine can be read on their way."""

from urllib.parse import urlsplit

from app.config import Settings
from CreateDB.doctor.findings import Finding, Findings, Patient, is_this_machine


def examine_floods(_patient: Patient, settings: Settings) -> Findings:
    """Judge the way to Redis, which is told every client's address, and the password that stands in it."""
    if settings.rate_limit_storage_uri is not None:
        fix = "Set RATE_LIMIT_STORAGE_URI=rediss://…, or keep Redis where only your own machines are between."
        uri = settings.rate_limit_storage_uri.get_secret_value()
        yield from judge_way("rate_limit_storage_tls", "RATE_LIMIT_STORAGE_URI", uri, fix)


def judge_way(id_: str, name: str, address: str, fix: str) -> Findings:
    """Judge an address by its scheme; of the address only the host is told, for a password may stand in the rest."""
    parts = urlsplit(address)
    if is_this_machine(parts.hostname):
        return
    if parts.scheme in {"https", "rediss"}:
        yield Finding(id_, "ok", f"The connection to {parts.hostname} is encrypted.")
    else:
        text = f"{name} leads to {parts.hostname} unencrypted: what is sent there can be read on its way."
        yield Finding(id_, "warning", text, fix)
