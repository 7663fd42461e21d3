"""--reset-second-factor: for somebody who has lost the device and the recovery codes. The owner gets a mail."""

from sqlalchemy import URL, Connection

from app import crud
from app.crud.directory import Entry
from CreateDB.command.arguments import Arguments
from CreateDB.users.accounts import Change, change, name


def reset_second_factor(arguments: Arguments, url: URL) -> int:
    """Do --reset-second-factor."""

    def reset(connection: Connection, entry: Entry) -> Change:
        if not crud.remove_factors(connection, entry.id):
            return Change(f"{name(entry)} has no second factor.")
        return Change(
            f"{name(entry)} has no second factor any more: the password alone signs in. "
            "Add --end-sessions in a second run to sign the lost device out.",
            "user_second_factor_reset",
            row="factor.totp.reset",
        )

    return change(arguments, url, reset)
