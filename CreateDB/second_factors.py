"""--reset-second-factor: for somebody who has lost the device and the recovery codes. The owner gets a mail."""

from sqlalchemy import URL, Connection

from app import crud
from app.crud.directory import Entry
from CreateDB.accounts import Change, change, name
from CreateDB.api_settings import load_for
from CreateDB.arguments import Arguments
from CreateDB.errors import OperatorError

WHO = "somebody who runs this service"


def reset_second_factor(arguments: Arguments, url: URL) -> int:
    """Do --reset-second-factor."""

    def reset(connection: Connection, entry: Entry) -> Change:
        if not crud.disable_totp(connection, entry.id):
            return Change(f"{name(entry)} has no second factor.")
        why_not = _queue_mail(connection, url, entry)
        mailed = f"No mail was sent ({why_not}): tell the owner." if why_not else "A mail to the owner is in the queue."
        return Change(
            f"{name(entry)} has no second factor any more: the password alone signs in. {mailed} "
            "Add --end-sessions in a second run to sign the lost device out.",
            "user_second_factor_reset",
            {"owner_mailed": not why_not},
        )

    return change(arguments, url, reset)


def _queue_mail(connection: Connection, url: URL, entry: Entry) -> str | None:
    """Queue the mail in this same transaction, by the API's own services; else say why not."""
    try:
        from app.resources import make_resources  # noqa: PLC0415 CreateDB's own requirements do without it
        from app.services.links import DISOWN, make_link  # noqa: PLC0415 likewise
        from app.services.mails import queue_mail  # noqa: PLC0415 likewise

        settings = load_for(url)
    except ModuleNotFoundError as missing:
        return f"{missing.name} is not installed here"
    except OperatorError as error:
        return str(error).rstrip(".")
    person = crud.get_addressee(connection, entry.id)
    if person is None or not settings.delivers_mail:
        return "SMTP_HOST is not set"
    resources = make_resources(settings)
    link = make_link(connection, resources, DISOWN, person)
    when = f"{crud.current_time(connection):%Y-%m-%d %H:%M} UTC"
    facts = {"when": when, "where": WHO, "disown_link": link}
    queue_mail(connection, resources, person, "second_factor_reset", belongs_to=entry.id, **facts)
    return None
