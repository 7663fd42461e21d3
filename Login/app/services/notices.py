"""Notices: what happened to an account, told to its owner, with a way to say that it was somebody else."""

from datetime import timedelta

from sqlalchemy import Connection

from app import crud
from app.clients import Client
from app.crud.accounts import Addressee
from app.devices import describe_device
from app.resources import Resources
from app.services.attempts import has_room
from app.services.links import DISOWN, make_link
from app.services.mails import FIVE_AN_HOUR, Pace, find_wait, queue_mail

LOW_ON_CODES = 3
ONCE_A_DAY = Pace(1, timedelta(days=1))
ONCE_AN_HOUR = Pace(1, timedelta(hours=1))


def notify(
    connection: Connection, resources: Resources, person: Addressee, kind: str, client: Client, **facts: object
) -> None:
    """Queue a notice to somebody who keeps their account.

    A mailbox that nobody has confirmed gets five of a kind in an hour: it may be a stranger's who is to be annoyed.
    """
    if person.email_verified_at is None and find_wait(connection, person.id, kind, FIVE_AN_HOUR):
        return
    facts |= {"disown_link": make_link(connection, resources, DISOWN, person), **circumstances(connection, client)}
    queue_mail(connection, resources, person, kind, belongs_to=person.id, **facts)


def notify_user(
    connection: Connection, resources: Resources, user_id: int, kind: str, client: Client, **facts: object
) -> None:
    """Queue a notice to the present address of an account."""
    person = crud.get_addressee(connection, user_id)
    if person is not None:
        notify(connection, resources, person, kind, client, **facts)


def notify_throttled(connection: Connection, resources: Resources, user_id: int, client: Client) -> None:
    """Tell that sign-ins are being throttled, at most once a day."""
    _notify_rarely(connection, resources, user_id, "sign_ins_throttled", client, ONCE_A_DAY)


def notify_wrong_codes(connection: Connection, resources: Resources, user_id: int, client: Client) -> None:
    """Tell that somebody knows the password but not the second factor (ASVS 6.3.5), at most once an hour."""
    _notify_rarely(connection, resources, user_id, "wrong_codes", client, ONCE_AN_HOUR)


def notify_recovery_code_used(connection: Connection, resources: Resources, user_id: int, client: Client) -> None:
    """Tell that a recovery code was used, and when few are left."""
    left = crud.count_recovery_codes(connection, user_id)
    notify_user(connection, resources, user_id, "recovery_code_used", client, left=left)
    if left == LOW_ON_CODES:
        notify_user(connection, resources, user_id, "recovery_codes_low", client, left=left)


def tell_of_deletion(connection: Connection, resources: Resources, person: Addressee, client: Client) -> None:
    """Queue the last mail to somebody: it alone outlives the account. An unconfirmed mailbox gets five in an hour."""
    kind = "account_deleted"
    if person.email_verified_at is None and not has_room(connection, resources, kind, person.email_key):
        return
    facts = circumstances(connection, client)
    queue_mail(connection, resources, person, kind, belongs_to=None, **facts)


def circumstances(connection: Connection, client: Client) -> dict[str, object]:
    """Say when and from where, as a person can check it."""
    when = crud.current_time(connection)
    return {"when": f"{when:%Y-%m-%d %H:%M} UTC", "where": f"{client.address}, {describe_device(client.user_agent)}"}


def _notify_rarely(  # noqa: PLR0913, PLR0917 a notice, and how often
    connection: Connection, resources: Resources, user_id: int, kind: str, client: Client, pace: Pace
) -> None:
    if not find_wait(connection, user_id, kind, pace):
        notify_user(connection, resources, user_id, kind, client)
