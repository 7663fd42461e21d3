"""Kills, freezes and cuts off the database's node in use, five times each under load, and says how long people waited.

    python scripts/check_failover.py [RUNS]

It makes a Galera cluster of three nodes on this machine and an API that knows all three (Debian: mariadb-server,
galera-4, rsync).
"""

import secrets
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import httpx2
from sqlalchemy import text

from CreateDB.server.engine import make_engine
from scripts.report import Failed, note, require, say
from testing.api import CHEAP_ARGON2, SignedIn, enable_totp, register, sign_in
from testing.galera import Cluster, Node, unavailable
from testing.load import OK, UNAVAILABLE
from testing.processes import Server, free_port
from testing.watched import Watched, spend_twice

RUNS = 5
LONGEST = 1.0  # seconds after the nodes that are left take writes again; they need five or six to miss one

Fault = tuple[Callable[[Node], None], Callable[[Node], None]]
FAULTS: dict[str, Fault] = {
    "kill": (Node.kill, Node.start),
    "freeze": (Node.freeze, Node.thaw),
    "partition": (Node.isolate, Node.heal),
}


def main(runs: int) -> int:
    """Do all of it."""
    if reason := unavailable():
        note(f"no cluster can be made here: {reason}")
        return 1
    cluster = Cluster()
    try:
        url = prepare(cluster)
        with tempfile.TemporaryDirectory() as folder:
            check(cluster, start(url, Path(folder)), runs)
    except Failed as failure:
        note(f"FAILED: {failure}")
        return 1
    finally:
        cluster.remove()
    return 0


def prepare(cluster: Cluster) -> str:
    """Make the suite's tables, and one beside them."""
    with make_engine(cluster.nodes[0].url).begin() as connection:
        connection.execute(text("CREATE DATABASE beside"))
        connection.execute(text("CREATE TABLE beside.times (id CHAR(36) PRIMARY KEY, moment DOUBLE NOT NULL)"))
    return cluster.prepare()


def start(url: str, folder: Path) -> Server:
    """Start one API process on all three nodes."""
    port = free_port()
    environment = {name.upper(): str(value) for name, value in CHEAP_ARGON2.items()}
    environment |= {"DATABASE_URL": url, "JWT_SECRET_KEY": secrets.token_urlsafe(32)}
    environment |= {"MAIL_DIR": str(folder / "mail"), "RATE_LIMITS_ENABLED": "false"}
    command = ["-m", "uvicorn", "--factory", "testing.serve:make_app", "--port", str(port)]
    server = Server(command, environment, port, folder / "api.log")
    server.start("/healthz")
    return server


def check(cluster: Cluster, api: Server, runs: int) -> None:
    """Let each fault happen so often."""
    try:
        with httpx2.Client(base_url=api.url, timeout=60) as http:
            for name in FAULTS:
                say(FAULTS[name][0])
                for run in range(runs):
                    break_one(cluster, name, people(http, f"{name}{run}"))
    finally:
        api.stop()
    require("unhandled_error" not in api.read_log(), "no unhandled error in the API's log")


def people(http: httpx2.Client, name: str) -> list[SignedIn]:
    """Give one who reads and writes, one whose session is refreshed, and one who has recovery codes."""
    signed_in = [sign_in(http, register(http, f"{name}{who}")) for who in ("user", "line", "coder")]
    enable_totp(signed_in[-1])
    return signed_in


def break_one(cluster: Cluster, name: str, crowd: list[SignedIn]) -> None:
    """Break the node in use under load, and see that nobody waits long and nothing is lost or done twice."""
    (user, line, coder), (do, undo) = crowd, FAULTS[name]
    node = find_node_in_use(cluster)
    with Watched(user, line).running() as load:
        time.sleep(1)
        moment = time.monotonic()
        do(node)
        others = ask_others(cluster, node, moment)
        spent = spend_twice(coder, coder.recovery_codes[0])
        waited, themselves = load.wait_until_served(moment), min(one.result() for one in others)
        time.sleep(1)
        undo(node)
        cluster.wait_until_whole()
        time.sleep(1)
    again = spend_twice(coder, coder.recovery_codes[0], 1)
    phrase = user.get("/user/profile").json()["phrase"]
    note(f"{waited}, the nodes by themselves {themselves:.1f}; answers {dict(load.statuses)} {dict(load.codes)}")
    require(max(waited.values()) <= themselves + LONGEST, f"served again {LONGEST:.0f} s after the nodes at the latest")
    require(set(load.statuses) <= {OK, UNAVAILABLE}, "nothing but 200 and 503")
    require(phrase in load.possible, "no acknowledged write is lost")
    require(load.forks == 0 and spent + again <= 1, "no refresh token and no recovery code was good twice")
    require(line.refresh().status_code == OK, "the refreshed session goes on")


def ask_others(cluster: Cluster, broken: Node, moment: float) -> list[Future[float]]:
    """Write to the other nodes themselves, and say how long after the fault they took it."""

    def write(node: Node) -> float:
        node.run(f"INSERT INTO beside.times VALUES (UUID(), {moment})")  # noqa: S608 a number of our own
        return time.monotonic() - moment

    threads = ThreadPoolExecutor()
    asked = [threads.submit(write, node) for node in cluster.nodes if node is not broken]
    threads.shutdown(wait=False)
    return asked


def find_node_in_use(cluster: Cluster) -> Node:
    """Find the node that the API is connected to, and see that it is the only one."""
    asked = "SELECT COUNT(*) FROM information_schema.processlist WHERE user = 'app'"
    used = [node for node in cluster.nodes if node.run(asked)[0][0]]
    require(len(used) == 1, f"one node is in use: {used[0].address}")
    return used[0]


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else RUNS))
