"""Replaces every replica of a service by one of the present image, without a failed request.

    docker compose build login && python3 scripts/roll_out.py login

One after the other, a new replica starts beside the old ones; once it is healthy, an old one is asked to end. That one
tells the balancer to look elsewhere, serves what still comes, and ends.
"""

import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent.parent)]

from scripts.compose import CommandError, Compose, run


def roll_out(compose: Compose, service: str) -> int:
    """Replace them one after the other, which costs the machine least, and return how many there were."""
    old = compose.containers(service)
    one_more = f"{service}={len(old) + 1}"
    for container in old:
        compose("up", "--detach", "--no-deps", "--no-recreate", "--scale", one_more, "--wait", service)
        run("docker", "stop", container)
        run("docker", "rm", container)
    return len(old)


if __name__ == "__main__":
    try:
        sys.stdout.write(f"Replaced: {roll_out(Compose(), sys.argv[1] if sys.argv[1:] else 'login')}\n")
    except CommandError as error:
        sys.exit(str(error))
