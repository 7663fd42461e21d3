"""The page of new recovery codes, shown this once."""

from datetime import UTC, datetime

from flask import render_template

from FlaskProject.backend.answers import Account, RecoveryCodes


def codes_page(made: RecoveryCodes, what_happened: str, account: Account) -> str:
    """Show them, to be downloaded, copied, printed or written down."""
    return render_template(
        "recovery_codes.html",
        codes=made.recovery_codes,
        code_set=made.code_set or "",
        made_at=datetime.now(UTC),
        what_happened=what_happened,
        account=account,
    )
