"""Compares the locks with the advisories of osv.dev: status 1 where one is known, and a plain word where none answers.

python3 scripts/check_advisories.py [LOCK ...]
"""

import json
import re
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from http.client import HTTPException
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote
from urllib.request import Request, urlopen

ROOT = Path(__file__).resolve().parents[1]
LOCKS = (
    "requirements.lock",
    "requirements-dev.lock",
    *(f"deploy/requirements/{part}.lock" for part in ("build", "createdb", "login", "ui")),
)
SOURCE = "https://api.osv.dev"
PIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^\s;\\]+)", re.MULTILINE)
AT_ONCE = 500  # the source takes a thousand
PATIENCE = 10.0  # seconds for one answer
BUDGET = 45.0  # seconds for all of them

# Known, and harmless here: by any of their names, with the reason. Each is looked at again when its library is.
HARMLESS: Mapping[str, str] = {
    "CVE-2024-23342": "ecdsa's timing: HS256 alone is used, and the library is never imported (decision 4)",
}


class Pin(NamedTuple):
    """A library at the version that a lock names."""

    name: str
    version: str


class NoAnswer(Exception):
    """The source is away, slow, or says nothing that can be read."""


def main(arguments: Sequence[str]) -> int:
    """Check the locks that are named, else all."""
    pins = sorted({pin for path in arguments or LOCKS for pin in read_pins(ROOT / path)})
    end = time.monotonic() + BUDGET
    try:
        found = list(ask(pins, end))
        known = [(pin, id_) for pin, id_ in found if not list_names(id_, end) & HARMLESS.keys()]
    except NoAnswer as why:
        sys.stdout.write(f"NOT CHECKED: no advisories from {SOURCE} for {len(pins)} libraries ({why}).\n")
        return 0
    for pin, id_ in known:
        sys.stdout.write(f"{pin.name} {pin.version}: {id_}, https://osv.dev/vulnerability/{id_}\n")
    harmless = len(found) - len(known)
    sys.stdout.write(f"{len(pins)} libraries: {len(known)} known advisories, {harmless} more that do no harm here.\n")
    return 1 if known else 0


def read_pins(path: Path) -> Iterator[Pin]:
    """Yield every library of a lock."""
    yield from (Pin(name.lower(), version) for name, version in PIN.findall(path.read_text(encoding="utf-8")))


def ask(pins: Sequence[Pin], end: float) -> Iterator[tuple[Pin, str]]:
    """Yield each advisory that is known about each of them."""
    for start in range(0, len(pins), AT_ONCE):
        some = pins[start : start + AT_ONCE]
        answers = _read(_send("querybatch", end, {"queries": [_describe(pin) for pin in some]}), len(some))
        yield from ((pin, id_) for pin, ids in zip(some, answers, strict=True) for id_ in ids)


def list_names(id_: str, end: float) -> set[str]:
    """Return all ids of an advisory: each list has its own for the same fault."""
    answer = _send(f"vulns/{quote(id_, safe='')}", end)
    try:
        return {id_, *answer.get("aliases", [])}
    except (AttributeError, TypeError) as error:
        raise NoAnswer("it answered in another form") from error


def _describe(pin: Pin) -> dict[str, Any]:
    return {"package": {"name": pin.name, "ecosystem": "PyPI"}, "version": pin.version}


def _send(call: str, end: float, query: object = None) -> Any:  # noqa: ANN401 whatever JSON holds
    left = min(PATIENCE, end - time.monotonic())
    if left <= 0:
        raise NoAnswer("it is too slow")
    body = None if query is None else json.dumps(query).encode()
    request = Request(f"{SOURCE}/v1/{call}", body, {"Content-Type": "application/json"})  # noqa: S310 https, or a test's
    try:
        with urlopen(request, timeout=left) as answer:  # noqa: S310 likewise
            return json.load(answer)
    except (OSError, HTTPException, ValueError) as error:
        raise NoAnswer(str(error) or type(error).__name__) from error


def _read(answer: Any, wanted: int) -> Iterable[list[str]]:  # noqa: ANN401 likewise
    """Return the ids for each library; an answer of another form says nothing about any."""
    try:
        results = [[one["id"] for one in result.get("vulns", [])] for result in answer["results"]]
    except (KeyError, TypeError, AttributeError) as error:
        raise NoAnswer("it answered in another form") from error
    if len(results) != wanted:
        raise NoAnswer("it answered about other libraries")
    return results


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
