"""What happened to an account, in words; what an API of tomorrow tells gets neutral ones."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce

from FlaskProject.backend.answers import Event
from FlaskProject.messages import has_text, t

PROVING = {"session.started", "session.renewed"}  # where it matters by what; elsewhere it was proved before
KNEW_PASSWORD = {"totp_invalid", "email_unverified"}  # refusals that only come after a right password


@dataclass(frozen=True)
class Entry:
    """An event, and what is said of it."""

    event: Event
    title: str
    notes: list[str]
    hint: str | None


def describe(event: Event) -> Entry:
    """Say what happened, what is known of it, and what to do if it was somebody else."""
    return Entry(event, title_of(event.kind), list(_notes(event)), _hint(event))


def title_of(kind: str) -> str:
    """Say what a kind of event is."""
    return t(f"event.{kind}" if has_text(f"event.{kind}") else "event.unknown")


def _notes(event: Event) -> Iterator[str]:
    if event.count > 1:
        yield t("times", count=event.count)
    if event.reason:
        yield t(f"reason.{event.reason}" if has_text(f"reason.{event.reason}") else "reason.unknown")
    if has_text(f"event.{event.kind}.more"):
        yield t(f"event.{event.kind}.more")
    yield from _means(event)
    yield from _facts(event)
    # What only looked odd was done by nobody we know.
    if event.outcome == "success" and has_text(f"actor.{event.actor}"):
        yield t(f"actor.{event.actor}")


def _means(event: Event) -> Iterator[str]:
    known = [t(f"means.{name}") for name in event.amr if has_text(f"means.{name}")]
    if known and event.kind in PROVING:
        yield t("means", means=reduce(lambda first, second: t("means.and", first=first, second=second), known))


def _facts(event: Event) -> Iterator[str]:
    for name in ("left", "sessions_ended"):
        count = event.facts.get(name)
        if isinstance(count, int):
            yield t(f"fact.{name}", count=count)
    if event.kind in PROVING and "device" in event.facts:
        yield t("fact.device")
    if {"role", "former_role"} <= event.facts.keys():
        yield t("fact.role", former=event.facts["former_role"], role=event.facts["role"])


def _hint(event: Event) -> str | None:
    knew = event.kind == "session.refused" and event.reason in KNEW_PASSWORD
    key = f"event.{event.kind}.{'knew' if knew else 'hint'}"
    return t(key) if has_text(key) and not event.can_disown else None
