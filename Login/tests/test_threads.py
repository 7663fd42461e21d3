"""Threads beside the event loop: jobs in order, results and errors to whoever asked, and an end that waits."""

import asyncio
import threading
import time
from collections.abc import Iterator
from contextvars import ContextVar

import pytest

from app.runtime.threads import Team
from testing.loops import finish

WHO: ContextVar[str] = ContextVar("WHO")
PATIENCE = 60.0  # seconds


@pytest.fixture
def team() -> Iterator[Team]:
    """Have two threads at most."""
    made = Team("test", 2)
    yield made
    made.close()


def test_jobs_run_on_so_many_threads_at_most(team: Team) -> None:
    """Ten jobs at once are done by two threads, each started when needed."""
    both = threading.Barrier(2)

    async def ask() -> list[str]:
        def name() -> str:
            both.wait(PATIENCE)
            return threading.current_thread().name

        return await asyncio.gather(*(team.run(name) for _ in range(10)))

    assert set(finish(ask())) == {"test_0", "test_1"}


def test_a_job_s_error_reaches_whoever_asked(team: Team) -> None:
    """It is raised there, whatever it is, and the thread goes on to the next job."""

    class Strange(BaseException):
        """No Exception at all."""

    def fail() -> None:
        raise Strange

    async def ask() -> list[object]:
        jobs = [team.run(lambda: 1 // 0), team.run(fail), team.run(lambda: 3)]
        return list(await asyncio.gather(*jobs, return_exceptions=True))

    first, second, third = finish(ask())

    assert (type(first), type(second), third) == (ZeroDivisionError, Strange, 3)


def test_a_job_knows_the_context_of_whoever_asked(team: Team) -> None:
    """What is logged on the thread names the request, as on the event loop."""

    async def ask(who: str) -> str:
        WHO.set(who)
        return await team.run(WHO.get)

    async def ask_all() -> list[str]:
        return await asyncio.gather(*(asyncio.create_task(ask(who)) for who in "abcdef"))

    assert "".join(finish(ask_all())) == "abcdef"


def test_a_job_that_nobody_awaits_is_not_begun(team: Team) -> None:
    """Who left while waiting costs no thread; who left while it ran disturbs nothing."""
    begun: list[str] = []
    gate = threading.Event()

    def work(name: str) -> None:
        begun.append(name)
        gate.wait(PATIENCE)

    async def leave() -> int:
        running = [asyncio.create_task(team.run(lambda name=name: work(name))) for name in "ab"]
        waiting = asyncio.create_task(team.run(lambda: work("c")))
        while len(begun) < 2:  # noqa: ASYNC110 threads ring no bell of this loop
            await asyncio.sleep(0.001)
        running[0].cancel()
        waiting.cancel()
        gate.set()
        await running[1]
        return await team.run(lambda: 7)

    assert finish(leave()) == 7
    assert sorted(begun) == ["a", "b"]


def test_closing_waits_for_what_runs_and_drops_what_waits() -> None:
    """The end of the process loses nothing that has begun, and begins nothing."""
    made, done = Team("test", 1), []
    begun, gate = threading.Event(), threading.Event()

    def work(name: str) -> None:
        begun.set()
        gate.wait(PATIENCE)
        done.append(name)

    async def leave() -> None:
        jobs = [asyncio.create_task(made.run(lambda name=name: work(name))) for name in "ab"]
        while not begun.is_set():  # noqa: ASYNC110 threads ring no bell of this loop
            await asyncio.sleep(0.001)
        for job in jobs:
            job.cancel()

    finish(leave())
    closing = threading.Thread(target=made.close)
    closing.start()
    assert done == []
    gate.set()
    closing.join(PATIENCE)

    assert done == ["a"]
    assert not any(thread.name.startswith("test_") for thread in threading.enumerate())


@pytest.fixture
def no_more_threads(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """Let the system start none for a team, as at its limit of processes."""
    start = threading.Thread.start

    def refuse(thread: threading.Thread) -> None:
        if thread.name.startswith("test_"):
            raise RuntimeError("can't start new thread")
        start(thread)

    with monkeypatch.context() as limited:
        limited.setattr(threading.Thread, "start", refuse)
        yield limited


def test_a_thread_that_cannot_start_is_started_later(team: Team, no_more_threads: pytest.MonkeyPatch) -> None:
    """Whoever was refused is told so, and nothing is done for them after all; the next one is served."""
    done: list[str] = []
    with pytest.raises(RuntimeError):
        finish(team.run(lambda: done.append("refused")))
    no_more_threads.undo()
    finish(team.run(lambda: done.append("next")))

    assert done == ["next"]


def test_those_that_are_there_do_the_work(team: Team, request: pytest.FixtureRequest) -> None:
    """One thread of two is enough for everybody."""
    finish(team.run(lambda: None))
    request.getfixturevalue("no_more_threads")

    async def ask() -> list[int]:
        return await asyncio.gather(*(team.run(lambda n=n: n) for n in range(4)))

    assert finish(ask()) == [0, 1, 2, 3]


def test_a_loop_that_is_gone_ends_no_thread(team: Team) -> None:
    """Who stopped the event loop meanwhile is owed nothing, and the next one is served."""

    async def leave() -> None:
        job = asyncio.create_task(team.run(lambda: time.sleep(0.1)))
        await asyncio.sleep(0.01)
        job.cancel()

    async def ask() -> int:
        return await team.run(lambda: 5)

    for _ in range(2):
        finish(leave())

    assert finish(ask()) == 5
