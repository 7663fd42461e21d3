"""The books of a load: what was answered and how, what was acknowledged, and what must never have been."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, TypeAlias

import httpx2

OK, LIMITED, SERVER_ERROR, UNAVAILABLE = 200, 429, 500, 503
UNKNOWN_CODE = "outcome_unknown"
HONEST_503 = {"database_unavailable", UNKNOWN_CODE, "busy"}

Request: TypeAlias = tuple[str, str]


class Outcome(Enum):
    """What somebody may rely on after an answer."""

    DONE = "done"
    REFUSED = "refused"  # nothing was changed
    UNKNOWN = "unknown"


@dataclass
class Ledger:
    """Shared by all who take part; every answer goes through `ask`."""

    answers: Counter[str] = field(default_factory=Counter)
    acknowledged: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    slowest: float = 0.0  # seconds, of one answer
    longest_pause: float = 0.0  # seconds, between two writes that were acknowledged
    outages: list[tuple[float, float]] = field(default_factory=list)  # seconds: of people, of the nodes themselves
    _news: threading.Condition = field(default_factory=threading.Condition)
    _written_at: float = field(default_factory=time.monotonic)
    _served: list[tuple[Request, float, float]] = field(default_factory=list)  # what, when it was begun and answered

    @property
    def statuses(self) -> set[int]:
        """Every status that was answered."""
        return {int(name.partition(" ")[0]) for name in self.answers}

    @property
    def refused(self) -> int:
        """How many answers were 503."""
        return sum(count for name, count in self.answers.items() if name.startswith(str(UNAVAILABLE)))

    def ask(
        self, http: Any, request: Request, body: object = None, token: str = "", expected: Collection[int] = ()
    ) -> tuple[Outcome, Any]:
        """Send a request, judge whether its answer is an honest one, and say what it means."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        begin = time.monotonic()
        try:
            answer = http.request(*request, json=body, headers=headers)
        except httpx2.HTTPError as error:
            self.accuse(f"{request}: no answer: {error!r}")
            return Outcome.UNKNOWN, None
        self._note(request, answer, begin)
        if not _is_honest(answer, expected):
            self.accuse(f"{request}: {answer.status_code} {answer.text[:200]}")
        return _judge(answer), answer

    def begin(self) -> None:
        """Count pauses from now: nobody wrote before."""
        self._written_at = time.monotonic()

    def acknowledge(self, what: str) -> None:
        """Note something that must be there from now on."""
        now = time.monotonic()
        with self._news:
            self.acknowledged[what] += 1
            self.longest_pause = max(self.longest_pause, now - self._written_at)
            self._written_at = now
            self._news.notify_all()

    def accuse(self, fault: str) -> None:
        """Note something that must never be."""
        with self._news:
            self.faults.append(fault)

    def wait_for_writes(self, count: int, longest: float) -> None:
        """Wait until so many more things have been acknowledged."""
        self._wait_for(self.acknowledged.total, count, longest, "acknowledged")

    def wait_for_a_refusal(self, longest: float) -> None:
        """Wait for the next answer that is none."""
        self._wait_for(lambda: self.refused, 1, longest, "refused")

    def say_served(self, moment: float, requests: Collection[Request]) -> float:
        """Say how many seconds after a moment each of these had been served that was begun after it."""
        first: dict[Request, float] = {}
        for request, begun, answered in self._served:
            if begun > moment:
                first[request] = min(answered, first.get(request, answered))
        return max(first.get(request, float("inf")) for request in requests) - moment

    def _note(self, request: Request, answer: Any, begin: float) -> None:
        now = time.monotonic()
        with self._news:
            self.slowest = max(self.slowest, now - begin)
            self.answers[_name(answer)] += 1
            if answer.status_code == OK:
                self._served.append((request, begin, now))
            self._news.notify_all()

    def _wait_for(self, count: Callable[[], int], more: int, longest: float, what: str) -> None:
        with self._news:
            wanted = count() + more
            if not self._news.wait_for(lambda: count() >= wanted, longest):
                self.faults.append(f"nothing, or next to nothing, was {what} for {longest:.0f} s")


def _name(answer: Any) -> str:
    code = answer.json().get("code", "") if answer.status_code == UNAVAILABLE else ""
    return f"{answer.status_code} {code}".strip()


def _is_honest(answer: Any, expected: Collection[int]) -> bool:
    """Whether it is what was asked for, or says that now is not the time and when it may be."""
    if answer.status_code in {UNAVAILABLE, LIMITED}:
        named = answer.status_code == LIMITED or answer.json()["code"] in HONEST_503
        return named and int(answer.headers.get("retry-after", 0)) >= 1
    return answer.status_code == OK or answer.status_code in expected


def _judge(answer: Any) -> Outcome:
    if answer.status_code == OK:
        return Outcome.DONE
    said_nothing = answer.status_code >= SERVER_ERROR and answer.status_code != UNAVAILABLE
    unknown = answer.status_code == UNAVAILABLE and answer.json()["code"] == UNKNOWN_CODE
    return Outcome.UNKNOWN if unknown or said_nothing else Outcome.REFUSED
