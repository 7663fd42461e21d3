"""Putting mails into the queue, in the transaction of the change that causes them, at the pace of their mailbox."""

import json
from datetime import datetime

from sqlalchemy import Connection

from app import auth
from app.authority.letters import LETTERS, NOTICE_PAUSE, UNPROVED, UNPROVED_NOTICES, Link
from app.clients.addresses import Client
from app.clients.devices import describe_device
from app.clients.networks import describe_network
from app.crud import accounts, mails
from app.crud.accounts import Addressee
from app.crud.mails import MailRow
from app.crud.operations import current_time
from app.database import after_commit
from app.letters.letter import Letter
from app.letters.moments import write_moment
from app.letters.places import OPERATOR, UNKNOWN, say_place
from app.letters.speech import speak
from app.letters.writing import write_letter
from app.models import Mail
from app.resources import Resources
from app.secrets.encryption import decrypt, encrypt
from app.services.links import NO_CHANGE, Told, make_link
from app.services.paces import count_all
from app.services.trail import NO_FACTS, Facts
from app.throttling.counters import hash_mailbox, name_counter

RESET_REQUEST, THROTTLED, ADDRESS_WANTED = "reset_request", "throttled", "address_wanted"  # notes
LEFT_BEHIND = "left_behind"  # likewise
URGENT_NOTES = (RESET_REQUEST, ADDRESS_WANTED)  # links follow from them


def mail_place(message_id: str) -> str:
    """Name the row that an encrypted mail belongs to."""
    return f"mail:{message_id}"


def queue_mail(  # noqa: PLR0913 to whom, what, of whom, and what it can take back
    connection: Connection,
    resources: Resources,
    person: Addressee,
    kind: str,
    client: Client | None,
    *,
    told: Told = NO_CHANGE,
    facts: Facts = NO_FACTS,
) -> int:
    """Queue a mail at its mailbox' pace and return 0, or for how many seconds there is no room for it.

    It goes out once this transaction is committed; when the account goes, it goes too, but for the last word. Nothing
    that a stranger may have chosen is said to a mailbox that nobody has confirmed.
    """
    rule = LETTERS[kind]
    if wait := find_room(connection, resources, person, kind):
        return wait
    now = current_time(connection)
    due = _find_time(connection, resources, person, kind, now) if rule.is_notice else now
    if due is None:
        return 0
    urls = {link: make_link(connection, resources, link, person, told) for link in rule.links}
    links = {"reset_link" if link is Link.RESCUE else f"{link}_link": url for link, url in urls.items()}
    name, phrase = (person.username or person.email, person.phrase) if person.is_proved else (None, None)
    speech = speak(person.language or resources.settings.default_language)
    opened_from = say_place(person.opened_from or UNKNOWN, speech)
    opened = {"opened_when": write_moment(person.created_at, speech), "opened_where": opened_from}
    where = say_place(describe_client(client), speech)
    everything = {"when": write_moment(now, speech), "where": where, **opened, **links, **facts}
    everything["service"] = resources.settings.service_name
    letter = write_letter(kind, person.email, everything, name=name, phrase=phrase, speech=speech)
    mail = _make_mail(resources, kind, letter.to_json(), due)
    mail.user_id = None if rule.outlives else person.id
    mail.mailbox_hash, mail.urgent = hash_mailbox(resources.keys, person.email_key), not rule.is_notice
    _queue(connection, resources, mail)
    return 0


def find_room(connection: Connection, resources: Resources, person: Addressee, kind: str) -> int:
    """Count a mail of this kind to somebody's mailbox, or return for how many seconds there is no room for it."""
    rule = LETTERS[kind]
    limits = [*rule.limits]
    if not person.is_proved:
        limits += [UNPROVED, UNPROVED_NOTICES] if rule.is_notice else [UNPROVED]
    # By mailbox, whosever it is: accounts come and go.
    return count_all(connection, [name_counter(resources.keys, limit, person.email_key) for limit in limits])


def _find_time(
    connection: Connection, resources: Resources, person: Addressee, kind: str, now: datetime
) -> datetime | None:
    """Say when a mail is due, None when the one that is held back already speaks of this too.

    Else a thief would bury one notice under eighty, and everybody's links behind them.
    """
    accounts.hold_user(connection, person.id)  # else rivals would each be the next one
    latest = mails.find_latest(connection, hash_mailbox(resources.keys, person.email_key), kind)
    if latest is None or not now < latest.created_at + NOTICE_PAUSE <= now + 2 * NOTICE_PAUSE:
        return now
    if latest.created_at > now and _sum_up(connection, resources, latest):
        return None
    return latest.created_at + NOTICE_PAUSE


def _sum_up(connection: Connection, resources: Resources, held: MailRow) -> bool:
    letter = Letter.from_json(open_content(resources, held))
    more = letter._replace(more=letter.more + 1).to_json()
    content = encrypt(more, mail_place(held.message_id), resources.keys.secrets)
    return mails.replace_content(connection, held, content)


def describe_client(client: Client | None) -> str:
    """Write for a mail where somebody is, as a person can check it; without a client it was an operator."""
    if client is None:
        return OPERATOR
    network = describe_network(client.address)
    return f"{client.address}{network and f' ({network})'}, {describe_device(client.user_agent)}"


def queue_note(connection: Connection, resources: Resources, kind: str, about: object, client: Client) -> None:
    """Leave something for the worker to find out, where an answer's time must not tell what it finds."""
    content = json.dumps([about, client.address, client.user_agent])
    note = _make_mail(resources, kind, content, current_time(connection))
    note.urgent = kind in URGENT_NOTES
    _queue(connection, resources, note)


def open_content(resources: Resources, mail: MailRow) -> str:
    """Decrypt what is queued; UnreadableSecret when no key opens it."""
    return decrypt(mail.content or "", mail_place(mail.message_id), resources.keys.secrets)


def _make_mail(resources: Resources, kind: str, content: str, due: datetime) -> Mail:
    message_id = auth.make_id()
    content = encrypt(content, mail_place(message_id), resources.keys.secrets)
    return Mail(message_id=message_id, kind=kind, content=content, next_try_at=due, created_at=due)


def _queue(connection: Connection, resources: Resources, mail: Mail) -> None:
    mails.insert_mail(connection, mail)
    after_commit(connection, resources.bell.ring)
