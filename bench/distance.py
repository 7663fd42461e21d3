"""Measure sign-ins at a database far away: `python bench/distance.py [--milliseconds N ...] [--at-once N ...]`.

A relay of ours holds back what goes there and what comes back, for half of the round trip each; only TCP's own
handshake is not delayed. Everybody has signed in from here before, and hashes are cheap, for the distance is measured.
Needs MariaDB's server on the PATH. What the driver sends is counted: each waits for its answer.
"""

import argparse
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median

for part in (".", "Login", "bench"):
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / part))

import httpx2
from suite import api_environment, database, say, serving

from testing.api import CHEAP_ENVIRONMENT, PASSWORD, register
from testing.line import Line

# The first byte of a command (mariadb.com/kb, "Client/Server Protocol"); the two without an answer are not counted.
KINDS = {3: "query", 22: "prepare", 23: "execute", 14: "ping", 31: "reset", 1: "", 25: ""}
HEAD = f"{'round trip':>10}{'at once':>9}{'sent each':>11}{'first':>8}{'half':>8}{'last':>8}  answers"


def main() -> None:
    """Measure every distance with every crowd."""
    options = parse()
    with database(0) as (url, control):
        line = Line(control.port)
        environment = api_environment(line.lead(url), 1) | CHEAP_ENVIRONMENT
        with (
            serving("testing.serve:make_app", 1, environment, "/healthz") as api,
            httpx2.Client(base_url=api.url, timeout=120, limits=httpx2.Limits(max_connections=None)) as http,
        ):
            register_all(http, max(options.at_once))
            sign_in_all(http, max(options.at_once), 1)  # everybody's address is known from here on
            say(f"one sign-in sends {count(line, http)}\n{HEAD}")
            for milliseconds in options.milliseconds:
                line.delay = milliseconds / 2000
                for number in options.at_once:
                    say(f"{milliseconds:>7} ms{number:>9}{measure(line, http, number)}")


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--milliseconds", type=int, nargs="+", default=[0, 20, 150])
    parser.add_argument("--at-once", type=int, nargs="+", default=[1, 8, 40])
    return parser.parse_args()


def register_all(http: httpx2.Client, number: int) -> None:
    """Make so many accounts."""
    for who in range(number):
        register(http, f"user{who}")


def count(line: Line, http: httpx2.Client) -> str:
    """Sign one in, and name what was sent to the database."""
    sent = Counter[str]()
    line.hear = lambda data: sent.update([name(data)])
    sign_in_all(http, 1, 1)
    del sent[""]
    return f"{sent.total()} ({', '.join(f'{amount} {kind}' for kind, amount in sent.most_common())})"


def name(data: bytes) -> str:
    """Say what kind of command this is; those of a number other than 0 in their packet are answers to a greeting."""
    return KINDS.get(data[4], "other") if data[3] == 0 else "greeting"


def measure(line: Line, http: httpx2.Client, number: int) -> str:
    """Sign so many in at once, and write how long they waited, and for what."""
    sent = Counter[bool]()
    line.hear = lambda data: sent.update([bool(name(data))])
    answers = sign_in_all(http, number, number)
    seconds = sorted(taken for taken, _ in answers)
    kinds = Counter(answer for _, answer in answers)
    times = "".join(f"{each:>6.1f} s" for each in (seconds[0], median(seconds), seconds[-1]))
    return f"{sent[True] / number:>11.1f}{times}  {', '.join(f'{amount} {kind}' for kind, amount in kinds.items())}"


def sign_in_all(http: httpx2.Client, number: int, threads: int) -> list[tuple[float, str]]:
    """Sign people in, and return how long each waited for which answer."""

    def sign_in(who: int) -> tuple[float, str]:
        begin = time.monotonic()
        answer = http.post("/login", json={"username": f"user{who}", "password": PASSWORD})
        return time.monotonic() - begin, answer.json().get("code", str(answer.status_code))

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(sign_in, range(number)))


if __name__ == "__main__":
    main()
