"""docker compose as functions: runs a command, and says in one line what went wrong."""

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

LONGEST = 900  # seconds
MEMORY = "mem_limit"
ROOT = Path(__file__).resolve().parent.parent


class CommandError(Exception):
    """A command that ended with another status than 0."""


class Compose:
    """The suite of one folder, under its own project name."""

    def __init__(self, folder: Path = ROOT, **environment: str) -> None:
        """Take where docker-compose.yml is, and settings for it."""
        self.folder = folder
        self.environment = environment

    def __call__(self, *arguments: str, allowed: bool = False, text: str | None = None, **more: str) -> str:
        """Run docker compose and return what it wrote; `allowed` accepts a failure too."""
        environment = {**self.environment, **more, "COMPOSE_BAKE": "false"}
        return run("docker", "compose", *arguments, folder=self.folder, env=environment, allowed=allowed, text=text)

    def containers(self, service: str) -> list[str]:
        """Return the ids of a service's running containers, the oldest first."""
        ids = self("ps", "--quiet", service).split()
        return sorted(ids, key=lambda one: run("docker", "inspect", "--format", "{{.Created}}", one))

    def settings(self, service: str) -> dict[str, str]:
        """Return the environment and the memory that a new container of a service would have."""
        written = self("config", "--format", "json")
        # Warnings stand before it; and a dollar is doubled, so that it could be read again.
        part = json.loads(written[written.index("{") :])["services"][service]
        environment = {name: value.replace("$$", "$") for name, value in part["environment"].items()}
        return {**environment, MEMORY: str(part["mem_limit"])}


def run(
    *command: str,
    folder: Path = ROOT,
    env: Mapping[str, str] | None = None,
    allowed: bool = False,
    text: str | None = None,
) -> str:
    """Run a command and return its output, error output included."""
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **(env or {})},
        input=text,
        stdin=None if text is not None else subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=LONGEST,
    )
    if done.returncode and not allowed:
        raise CommandError(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout[-3000:]}")
    return done.stdout


def inspect(name: str) -> dict[str, Any]:
    """Return what docker knows about a container or an image."""
    found: list[dict[str, Any]] = json.loads(run("docker", "inspect", name))
    return found[0]


def settings_of(container: str) -> dict[str, str]:
    """Return the environment that a container was given beyond its image's own, and its memory."""
    found = inspect(container)
    given = set(found["Config"]["Env"]) - set(inspect(found["Image"])["Config"]["Env"])
    environment = dict(line.split("=", 1) for line in given)
    return {**environment, MEMORY: str(found["HostConfig"]["Memory"])}
