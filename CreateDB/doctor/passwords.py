"""Examines the lists of passwords that nobody may choose."""

from app.config import Settings
from app.passwords.common import CommonPasswords
from CreateDB.doctor.findings import Finding, Findings, Patient

BUNDLED = "the 11,000 that come along"
MAKE = (
    "python scripts/common_passwords.py pwnedpasswords.txt ours.txt common.passwords makes a list of breached ones; "
    "name it in COMMON_PASSWORDS_FILE (docs/operations.md)."
)


def examine_common_passwords(_patient: Patient, settings: Settings) -> Findings:
    """Say which list is used and how long it is; the bundled one alone knows few of those that were ever breached."""
    if settings.common_passwords_file is None:
        text = f"Of common and breached passwords only {BUNDLED} are refused."
        yield Finding("common_passwords", "warning", text, MAKE)
        return
    count = len(CommonPasswords(settings.common_passwords_file))
    text = f"{settings.common_passwords_file} has {count:,} passwords that are refused, beside {BUNDLED}."
    yield Finding("common_passwords", "ok" if count else "warning", text, None if count else MAKE)
