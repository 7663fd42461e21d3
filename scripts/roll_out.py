"""Replaces every replica of a service by one of the present image, without a failed request.

    docker compose build login && python3 scripts/roll_out.py login

One after the other, a new replica starts beside the old ones; once it is healthy, an old one is asked to end. That one
tells the balancer to look elsewhere, serves what still comes, and ends. New replicas have the settings of the files;
where an old one has others, given on a command line, nothing is replaced, unless `--new-settings` follows.
"""

import sys
from collections.abc import Mapping
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent.parent)]

from scripts.compose import CommandError, Compose, run, settings_of

NEW_SETTINGS = "--new-settings"


class SettingsWouldChange(Exception):
    """Replicas of the files' settings would not be what runs; the message names them and never a value."""


def roll_out(compose: Compose, service: str, *, new_settings: bool = False) -> int:
    """Replace them one after the other, which costs the machine least, and return how many there were."""
    old = compose.containers(service)
    if not new_settings:
        require_same_settings(compose, service, old)
    one_more = f"{service}={len(old) + 1}"
    for container in old:
        compose("up", "--detach", "--no-deps", "--no-recreate", "--scale", one_more, "--wait", service)
        run("docker", "stop", container)
        run("docker", "rm", container)
    return len(old)


def require_same_settings(compose: Compose, service: str, old: list[str]) -> None:
    """Refuse to take from replicas what somebody has given them: Redis lost here is a limit lost, without a word."""
    planned = compose.settings(service)
    lost = sorted({name for container in old for name in find_lost(settings_of(container), planned)})
    if lost:
        raise SettingsWouldChange(
            f"The running {service} has other settings than the files give: {', '.join(lost)}. Nothing was replaced. "
            f"Write them into login.env, ui.env or .env, or add {NEW_SETTINGS} to take what the files say."
        )


def find_lost(running: Mapping[str, str], planned: Mapping[str, str]) -> list[str]:
    """Name what is set now and would be something else; what was unset may come with a new version."""
    return [name for name, value in running.items() if value and planned.get(name) != value]


def main(arguments: list[str]) -> int:
    """Replace the service that is named, or the API."""
    named = [argument for argument in arguments if argument != NEW_SETTINGS]
    try:
        count = roll_out(Compose(), *(named or ["login"]), new_settings=NEW_SETTINGS in arguments)
    except (CommandError, SettingsWouldChange) as error:
        sys.exit(str(error))
    sys.stdout.write(f"Replaced: {count}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
