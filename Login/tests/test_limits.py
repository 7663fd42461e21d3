"""The rules of throttling, alone: how many guesses any window lets through, and how long the next one waits."""

import random
from datetime import UTC, datetime, timedelta

import pytest

from app.authority.letters import UNPROVED
from app.clients.addresses import group_address
from app.throttling.limits import (
    ADDRESS,
    CODE,
    CODE_DAY,
    CODE_HOUR,
    EVERYWHERE,
    EVERYWHERE_DAY,
    EVERYWHERE_HOUR,
    MOVE,
    NO_WAIT,
    RECOVERY,
    Limit,
    Tally,
    add_guess,
    find_wait,
)

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
LONG = [CODE_HOUR, CODE_DAY, EVERYWHERE_HOUR, EVERYWHERE_DAY, MOVE, UNPROVED]
EACH = pytest.mark.parametrize("limit", [ADDRESS, EVERYWHERE, CODE, RECOVERY, *LONG], ids=lambda limit: limit.name)


def guess_greedily(limit: Limit, times: int, idle: random.Random | None = None) -> list[datetime]:
    """Return when somebody is judged who guesses as early as the limit allows, resting now and then if `idle`."""
    now, tally, judged = NOON, Tally(0, NOON, NOON), []
    for _ in range(times):
        now += find_wait(limit, tally, now)
        if idle is not None and idle.random() < 0.3:
            now += limit.window * idle.random()
            now += find_wait(limit, tally, now)
        tally = add_guess(limit, tally, now)
        judged.append(now)
    return judged


@pytest.mark.asvs("6.3.1")
@EACH
@pytest.mark.parametrize("seed", [None, 1, 2, 3])
def test_no_window_lets_more_through_than_its_limit(limit: Limit, seed: int | None) -> None:
    """However the guesses are timed, any stretch as long as the window holds at most `amount` of them."""
    judged = guess_greedily(limit, 300, None if seed is None else random.Random(seed))  # noqa: S311 a repeatable attacker

    assert max(sum(start <= moment < start + limit.window for moment in judged) for start in judged) <= limit.amount


@pytest.mark.parametrize("limit", LONG, ids=lambda limit: limit.name)
def test_a_long_window_begins_with_its_first_guess(limit: Limit) -> None:
    """One typing error in each window never adds up to a refusal."""
    now, tally = NOON, Tally(0, NOON, NOON)
    for _ in range(3 * limit.amount):
        assert find_wait(limit, tally, now) == NO_WAIT
        tally = add_guess(limit, tally, now)
        now += limit.window


@pytest.mark.parametrize("limit", LONG, ids=lambda limit: limit.name)
def test_the_border_of_a_long_window_lets_no_more_through(limit: Limit) -> None:
    """One guess opens the window and the rest come at its end: the next guess waits until those are a window old."""
    tally = add_guess(limit, Tally(0, NOON, NOON), NOON)
    late = NOON + limit.window - SECOND
    for _ in range(limit.amount - 1):
        tally = add_guess(limit, tally, late)

    assert find_wait(limit, tally, NOON + limit.window) == limit.window - SECOND
    assert find_wait(limit, tally, late + limit.window) == NO_WAIT


@pytest.mark.parametrize(("failures", "seconds"), [(0, 0), (1, 0), (5, 0), (6, 1), (7, 2), (8, 4), (9, 8), (10, 300)])
def test_pauses_grow_after_the_fifth_failure(failures: int, seconds: int) -> None:
    """Five failures cost nothing, the next ones twice as much each, and ten close the window."""
    tally = Tally(failures, NOON, NOON)

    assert find_wait(ADDRESS, tally, NOON) == seconds * SECOND
    assert find_wait(ADDRESS, tally, NOON + seconds * SECOND) == NO_WAIT
    assert find_wait(ADDRESS, tally, NOON + (seconds + 1) * SECOND) == NO_WAIT


@EACH
def test_a_rival_that_was_counted_first_costs_no_wait(limit: Limit) -> None:
    """A statement's time is that of its start: one that waited for the row finds a guess later than itself."""
    just_counted = NOON + timedelta(microseconds=1)

    assert find_wait(limit, Tally(1, NOON, just_counted), NOON) == NO_WAIT


@EACH
def test_a_rival_does_not_end_the_window(limit: Limit) -> None:
    """However guesses overtake each other, the count goes on."""
    just_counted = NOON + timedelta(microseconds=1)
    full = Tally(limit.amount, just_counted, just_counted)

    assert find_wait(limit, full, NOON) == limit.window
    assert add_guess(limit, full, NOON) == Tally(limit.amount + 1, just_counted, just_counted)


@EACH
def test_a_clock_set_back_locks_nobody_out(limit: Limit) -> None:
    """A count from a far future, made while the clock was wrong, counts no more."""
    future = NOON + timedelta(days=400)
    tally = Tally(1000, future, future)

    assert find_wait(limit, tally, NOON) == NO_WAIT
    assert add_guess(limit, tally, NOON) == Tally(1, NOON, NOON)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8::1", "2001:db8::ffff:ffff:ffff:ffff", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
    ],
)
def test_one_subscriber_is_one_address(one: str, other: str, *, same: bool) -> None:
    """IPv4 counts by the address, IPv6 by the /64 that one subscriber has to choose from."""
    assert (group_address(one) == group_address(other)) is same
