"""What we promise of the measurements: ratios within one run, each with its bound."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from load import Point

Points = dict[str, Point]


@dataclass(frozen=True)
class Promise:
    """One ratio of a scenario: at least, or at most, its bound."""

    row: str
    text: str
    ratio: Callable[[Points], float]
    bound: float
    at_most: bool = False

    def judge(self, rounds: Sequence[Points]) -> str:
        """Say what came out: the median of the rounds' ratios, or the worst round where none may fail."""
        ratios = [self.ratio(points) for points in rounds]
        value = median(ratios) if self.bound else max(ratios)
        met = value <= self.bound if self.at_most else value >= self.bound
        sign = "<=" if self.at_most else ">="
        return f"row {self.row:4}{self.text:58}{value:8.2f}  {sign} {self.bound:g}  {'met' if met else 'NOT MET'}"


def reads() -> Iterator[Promise]:
    """Rows 1 to 3."""
    ours, floor = "profile 1w 16c", "F1 1w 16c"
    yield Promise(
        "1", "profile / F1, requests/s, 1 worker, 16 connections", lambda p: p[ours].rate / p[floor].rate, 1.2
    )
    yield Promise("1", "profile / F1, server CPU a request", lambda p: p[ours].cpu / p[floor].cpu, 0.8, at_most=True)
    for workers in (1, 2):
        for connections in (64, 256):
            end = f"{workers}w {connections}c"
            yield Promise(
                "2",
                f"profile / F1, p99, {workers} worker(s), {connections} connections",
                lambda p, end=end: p[f"profile {end}"].p99 / p[f"F1 {end}"].p99,
                1.0,
                at_most=True,
            )
            yield Promise("2", f"failures, {end}", lambda p, end=end: p[f"profile {end}"].failures, 0, at_most=True)
    lone = "profile 2w 1c", "profile 1w 1c"
    yield Promise(
        "3", "p50 of one connection, 2 workers / 1 worker", lambda p: p[lone[0]].p50 / p[lone[1]].p50, 1.1, at_most=True
    )


def logins() -> Iterator[Promise]:
    """Row 4."""
    for at_once in (1, 4, 16):
        yield Promise(
            "4", f"logins/s / F3, {at_once} at once", lambda p, n=at_once: p[f"login {n}"].rate / p["F3"].rate, 0.97
        )
    yield Promise("4", "p99 / p50, 16 at once", lambda p: p["login 16"].p99 / p["login 16"].p50, 1.1, at_most=True)


def storm() -> Iterator[Promise]:
    """Rows 6 and 7."""
    for workers in (1, 2):
        w = f"{workers}w"
        yield Promise(
            "6", f"reads kept in the storm, {w}", lambda p, w=w: p[f"storm {w} reads"].rate / p[f"calm {w}"].rate, 0.7
        )
        yield Promise(
            "6",
            f"p99 of reads, storm / calm, {w}",
            lambda p, w=w: p[f"storm {w} reads"].p99 / p[f"calm {w}"].p99,
            3,
            at_most=True,
        )
        yield Promise(
            "6", f"p99 of reads in the storm, ms, {w}", lambda p, w=w: p[f"storm {w} reads"].p99, 50, at_most=True
        )
        yield Promise(
            "6", f"logins/s in the storm / F3, {w}", lambda p, w=w: p[f"storm {w} logins"].rate / p["F3"].rate, 0.6
        )
    yield Promise(
        "7",
        "peak memory in the storm over idle, MiB, 1w, 2 cores",
        lambda p: p["storm 1w reads"].memory - p["idle 1w"].memory,
        2 * 64 + 20,
        at_most=True,
    )


def refreshes() -> Iterator[Promise]:
    """Row 8."""
    yield Promise("8", "refresh / profile, server CPU", lambda p: p["refresh"].cpu / p["profile"].cpu, 2, at_most=True)


def introspections() -> Iterator[Promise]:
    """Row 11."""
    text = "introspection / profile, server CPU"
    yield Promise("11", text, lambda p: p["introspection"].cpu / p["profile"].cpu, 1, at_most=True)


def pages() -> Iterator[Promise]:
    """Row 9."""
    yield Promise(
        "9",
        "profile page / (F4 and one profile call), requests/s",
        lambda p: p["profile page"].rate * (1 / p["F4"].rate + 1 / p["profile call"].rate),
        0.6,
    )
    for page, floor, bound in (
        ("profile page", "F4 with form and call", 0.6),
        ("login page", "F4 with a form", 0.9),
    ):
        yield Promise("9", f"{page} / {floor}, requests/s", lambda p, a=page, b=floor: p[a].rate / p[b].rate, bound)
        yield Promise("9", f"{floor} / {page}, server CPU", lambda p, a=page, b=floor: p[b].cpu / p[a].cpu, bound)


def start() -> Iterator[Promise]:
    """Start-up and rest."""
    yield Promise("-", "start to first answer, s", lambda p: p["first answer"].p50 / 1000, 1.5, at_most=True)
    yield Promise("-", "memory of an idle worker, MB", lambda p: p["first answer"].memory * 1.048576, 100, at_most=True)


PROMISES: dict[str, Callable[[], Iterator[Promise]]] = {
    "reads": reads,
    "logins": logins,
    "storm": storm,
    "refreshes": refreshes,
    "introspections": introspections,
    "pages": pages,
    "start": start,
}
