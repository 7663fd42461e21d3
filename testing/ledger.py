"""The books of a load: what was answered and how, what was acknowledged, and what must never have been."""

import threading
import time
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import httpx2

OK, LIMITED, SERVER_ERROR, UNAVAILABLE = 200, 429, 500, 503
UNKNOWN_CODE = "outcome_unknown"
HONEST_503 = {"database_unavailable", UNKNOWN_CODE, "busy"}


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
    _news: threading.Condition = field(default_factory=threading.Condition)
    _written_at: float = field(default_factory=time.monotonic)

    def ask(
        self, http: Any, request: tuple[str, str], body: object = None, token: str = "", expected: Collection[int] = ()
    ) -> tuple[Outcome, Any]:
        """Send a request, judge whether its answer is an honest one, and say what it means."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        begin = time.monotonic()
        try:
            answer = http.request(*request, json=body, headers=headers)
        except httpx2.HTTPError as error:
            self.accuse(f"{request}: no answer: {error!r}")
            return Outcome.UNKNOWN, None
        with self._news:
            self.slowest = max(self.slowest, time.monotonic() - begin)
            self.answers[_name(answer)] += 1
        if not _is_honest(answer, expected):
            self.accuse(f"{request}: {answer.status_code} {answer.text[:200]}")
        return _judge(answer), answer

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
        wanted = self.acknowledged.total() + count
        with self._news:
            if not self._news.wait_for(lambda: self.acknowledged.total() >= wanted, longest):
                self.faults.append(f"nothing, or next to nothing, was acknowledged for {longest:.0f} s")


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
