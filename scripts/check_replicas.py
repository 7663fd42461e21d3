"""Steps with several API processes: they act as one, and come and go unnoticed."""

import itertools
import re
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from scripts.check_images import read_secrets
from scripts.check_people import API, PAGES, PASSWORD, open_profile, read_metrics
from scripts.compose import Compose, run
from scripts.load import Call, Load
from scripts.report import note, require, require_quietly
from scripts.roll_out import SettingsWouldChange, roll_out
from scripts.visitor import Answer, Visitor, call

OK, WRONG, UNAUTHORIZED, LIMITED = 200, 400, 401, 429
REPLICAS = 3
GUESSES = 24


def three_replicas_act_as_one(compose: Compose) -> None:
    """Start two more, and see sessions, refresh and throttles hold across them, with Redis for the floods."""
    shared = {"RATE_LIMIT_STORAGE_URI": "redis://redis:6379/0"}
    compose.environment |= shared
    compose("--profile", "scale", "up", "--detach", "--wait", "--scale", f"login={REPLICAS}")
    time.sleep(3)
    pair = sign_in("ann")
    answers = [profile(pair).status for _ in range(60)]
    require(set(answers) == {OK}, "60 calls with one session, each over a connection of its own: all 200")
    served = [served_by(compose, container) for container in compose.containers("login")]
    require(len(served) == REPLICAS and min(served) > 0, f"served by each replica: {served}")
    refresh_everywhere(pair)
    throttle_everywhere()


def refresh_everywhere(pair: dict[str, str]) -> None:
    """Refresh ten times, wherever that lands, then replay an old token."""
    first = pair["refresh_token"]
    for _ in range(10):
        answer = call(f"{API}/refresh", {"refresh_token": pair["refresh_token"]})
        require_quietly(answer.status == OK, answer.text)
        pair = answer.json
    require(profile(pair).status == OK, "ten refreshes in a row, across replicas")
    time.sleep(11)
    replay = call(f"{API}/refresh", {"refresh_token": first})
    require(replay.status == UNAUTHORIZED, f"a token of ten refreshes ago: {replay.json['code']}")
    after = {profile(pair).status for _ in range(9)}
    require(after == {UNAUTHORIZED}, "its session has ended on every replica")


def throttle_everywhere() -> None:
    """Guess a password of somebody: all replicas together judge as many guesses as one."""
    call(f"{API}/register", {"email": "bob@example.com", "username": "bob", "password": PASSWORD})
    with ThreadPoolExecutor(GUESSES) as crowd:
        statuses = Counter(crowd.map(guess, range(GUESSES)))
    judged, refused = statuses[WRONG], statuses[LIMITED]
    one_replica = judged <= 10 and judged + refused == GUESSES  # noqa: PLR2004 the limit, however many share it
    require(one_replica, f"{GUESSES} guesses at once: {judged} judged, {refused} answered 429")


def guess(number: int) -> int:
    """Try a wrong password."""
    return call(f"{API}/login", {"username": "bob", "password": f"a wrong guess {number}"}).status


def settings_of_a_command_line_are_not_lost(compose: Compose) -> None:
    """Replace replicas without the settings that they were started with: refused, and named."""
    before = compose.containers("login")
    try:
        roll_out(Compose(compose.folder, COMPOSE_PROJECT_NAME=compose.environment["COMPOSE_PROJECT_NAME"]), "login")
        refusal = ""
    except SettingsWouldChange as refused:
        refusal = str(refused)
    require("RATE_LIMIT_STORAGE_URI" in refusal and "redis://" not in refusal, refusal)
    require(compose.containers("login") == before, "nothing was replaced")


def replicas_are_replaced_under_load(compose: Compose) -> None:
    """Replace all replicas of the API while people read, refresh, sign in and look at pages: nothing fails."""
    replace_under_load(compose, "login")


def pages_are_replaced_under_load(compose: Compose) -> None:
    """Replace the pages likewise."""
    replace_under_load(compose, "ui")


def replace_under_load(compose: Compose, service: str) -> None:
    """Replace every replica of a service, and require that nobody notices."""
    with Load(people()) as load:
        time.sleep(5)
        begin = time.monotonic()
        count = roll_out(compose, service)
        seconds = time.monotonic() - begin
        time.sleep(5)
    note(f"{count} of {service} replaced in {seconds:.0f} s; answers: {summarise(load)}")
    note(f"slowest answer {load.slowest:.2f} s")
    require(not load.failures(), f"{load.total} requests, none failed {load.failures() or ''}")


def lost_replica_is_left_alone(compose: Compose) -> None:
    """Kill one replica as a power cut would: what it had in hand is lost, and nothing after that."""
    with Load(people()) as load:
        time.sleep(3)
        run("docker", "kill", compose.containers("login")[0])
        time.sleep(3)
        during = dict(load.failures())
        time.sleep(10)
    note(f"answers: {summarise(load)}")
    require(load.failures() == during, f"failures after the first 3 s: none (in them: {sum(during.values())})")
    compose("--profile", "scale", "up", "--detach", "--wait", "--scale", f"login={REPLICAS}")


def people() -> dict[str, tuple[Call, float]]:
    """Return what many people do at once, within what one address may."""
    pair = sign_in("ann")
    line = Line(sign_in("ann")["refresh_token"])
    visitor, newcomer = Visitor(PAGES), Visitor(PAGES)
    open_profile(visitor)
    numbers = itertools.count()
    calls: dict[str, tuple[Call, float]] = {f"read {one}": (lambda: profile(pair).status, 0.1) for one in range(4)}
    calls["refresh"] = (line.refresh, 0.8)
    calls["log in"] = (lambda: call(f"{API}/login", {"username": "ann", "password": PASSWORD}).status, 2.0)
    calls["page"] = (lambda: visitor.get("/profile").status, 0.2)
    calls |= {f"first page {one}": (lambda: newcomer.get("/register").status, 0.1) for one in range(2)}
    calls["register"] = (lambda: register(next(numbers)), 4.0)
    return calls


class Line:
    """A line of refresh tokens."""

    def __init__(self, token: str) -> None:
        """Begin with the first."""
        self._token = token
        self._lock = threading.Lock()

    def refresh(self) -> int:
        """Go one on."""
        with self._lock:
            answer = call(f"{API}/refresh", {"refresh_token": self._token})
            if answer.status == OK:
                self._token = answer.json["refresh_token"]
            return answer.status


def register(number: int) -> int:
    """Sign somebody new up."""
    name = f"load{int(time.time())}{number}"
    body = {"email": f"{name}@example.com", "username": name, "password": PASSWORD}
    return call(f"{API}/register", body).status


def sign_in(name: str) -> dict[str, str]:
    """Open a session."""
    answer = call(f"{API}/login", {"username": name, "password": PASSWORD})
    require_quietly(answer.status == OK, answer.text)
    pair: dict[str, str] = answer.json
    return pair


def profile(pair: dict[str, str]) -> Answer:
    """Read the profile."""
    return call(f"{API}/user/profile", Authorization=f"Bearer {pair['access_token']}")


def served_by(compose: Compose, container: str) -> int:
    """Return how many profiles a replica has served, by its own counters."""
    token = read_secrets(compose)["metrics_token"]
    text = read_metrics(container, token)
    found = re.search(r'pupero_outcomes_total\{outcome="ok",route="/user/profile"\} (\d+)', text)
    return int(found[1]) if found else 0


def summarise(load: Load) -> str:
    """Count answers by status."""
    statuses = sorted({status for _, status in load.statuses})
    totals = {status: sum(n for key, n in load.statuses.items() if key[1] == status) for status in statuses}
    return ", ".join(f"{count} x {status or 'broken'}" for status, count in totals.items())
