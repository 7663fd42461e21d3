"""Steps about what is built and how it is confined."""

import time

from scripts.compose import Compose, inspect, run
from scripts.report import note, require

IMAGES = ("login", "ui", "createdb", "balancer")
RUNNING = ("login", "ui", "balancer", "mariadb")
FIND_ENV = "find / -xdev -name '.env*' 2>/dev/null || :"
BUILD_TOOLS = "gcc cc g++ make cmake ninja mariadb_config git curl"
TLS = """
import mariadb, os
from deploy.secret_files import read_secret_files
assert mariadb.__impl__ == "c", mariadb.__impl__
c = mariadb.connect(host="mariadb", user="check_ed25519", password="check only", ssl=True, ssl_verify_cert=False)
k = c.cursor()
k.execute("SHOW SESSION STATUS LIKE 'Ssl_version'")
print("compiled driver,", k.fetchone()[1], "ed25519")
"""


def start_from_nothing(compose: Compose) -> None:
    """Build and start a clean clone, with no .env."""
    compose("--profile", "*", "down", "--volumes", "--timeout", "5", allowed=True)
    begin = time.monotonic()
    compose("build")
    note(f"images built in {time.monotonic() - begin:.0f} s (cached layers count)")
    begin = time.monotonic()
    compose("up", "--build", "--detach", "--wait")
    require(True, f"docker compose up --build: healthy after {time.monotonic() - begin:.0f} s")
    note(compose("logs", "--no-log-prefix", "createdb").strip().replace("\n", "\n          "))


def images_are_lean(_compose: Compose) -> None:
    """Look into each image: its size, its user, and that nothing that builds is left."""
    for image in IMAGES:
        found = inspect(f"pupero-{image}")
        size, config = found["Size"], found["Config"]
        tools = run("docker", "run", "--rm", "--entrypoint", "sh", f"pupero-{image}", "-c", f"which {BUILD_TOOLS} || :")
        require(not tools.strip(), f"{image}: {int(str(size)) // 1_000_000} MB, no build tools {tools.strip()}")
        require(config["User"] not in {"", "0", "root"}, f"{image}: user {config['User']}")


def containers_are_confined(compose: Compose) -> None:
    """Look at each container: read-only, without capabilities and without a way to get some."""
    for service in RUNNING:
        host = inspect(compose.containers(service)[0])["HostConfig"]
        require(host["ReadonlyRootfs"], f"{service}: read-only root")
        require(host["CapDrop"] == ["ALL"], f"{service}: capabilities dropped, kept: {host['CapAdd'] or 'none'}")
        require("no-new-privileges:true" in host["SecurityOpt"], f"{service}: no new privileges")
    published = run("docker", "ps", "--filter", "name=pupero", "--format", "{{.Ports}}")
    require("0.0.0.0" not in published, "ports are published on loopback only")  # noqa: S104 what must not be


def secrets_stay_secret(compose: Compose) -> None:
    """Look for every secret in layers, descriptions and logs."""
    values = read_secrets(compose)
    places = {"logs": compose("logs", "--no-color")}
    for image in (*IMAGES, "secrets"):
        places[f"history of {image}"] = run("docker", "history", "--no-trunc", f"pupero-{image}")
        files = run("docker", "run", "--rm", "--entrypoint", "sh", f"pupero-{image}", "-c", FIND_ENV)
        require(not files.strip(), f"{image}: no .env in it {files.strip()}")
    for service in RUNNING:
        places[f"description of {service}"] = run("docker", "inspect", *compose.containers(service))
    found = [(name, place) for name, value in values.items() for place, text in places.items() if value in text]
    require(not found, f"{len(values)} secrets are in none of {len(places)} descriptions, histories and logs {found}")
    seen = compose("exec", "-T", "ui", "cat", "/run/pupero/jwt_secret_key", allowed=True)
    require("denied" in seen and values["jwt_secret_key"] not in seen, "the pages cannot read the API's secrets")


def read_secrets(compose: Compose) -> dict[str, str]:
    """Return every secret by name."""
    script = "cd /run/pupero; for f in [a-z]*[a-z]; do printf '%s %s\\n' $f $(head -1 $f); done"
    lines = compose("run", "--rm", "-T", "--no-deps", "--entrypoint", "sh", "secrets", "-c", script).splitlines()
    pairs = [line.split(" ", 1) for line in lines if " " in line]
    return {name: value for name, value in pairs if name != "tls.pem" and len(value) > 20}  # noqa: PLR2004 no word


def as_root(compose: Compose, statement: str, *, allowed: bool = False) -> str:
    """Run SQL as the administrator of the database."""
    script = 'mariadb -uroot -p"$(cat /run/pupero/mariadb_root_password)" -N pupero'
    return compose("exec", "-T", "-u", "999", "mariadb", "sh", "-c", script, text=statement, allowed=allowed)


def driver_speaks_tls_and_ed25519(compose: Compose) -> None:
    """Connect as an account that wants both, from the API's own image."""
    as_root(compose, "INSTALL SONAME 'auth_ed25519'", allowed=True)
    as_root(
        compose,
        "CREATE OR REPLACE USER check_ed25519 IDENTIFIED VIA ed25519 USING PASSWORD('check only') REQUIRE SSL;",
    )
    told = compose("exec", "-T", "login", "python", "-c", TLS).strip()
    as_root(compose, "DROP USER check_ed25519")
    require("TLSv1.3" in told, told)
    level = "from deploy.processor import *; print(pick_level(Path('/opt/argon2')))"
    note("Argon2 build chosen here: " + compose("exec", "-T", "login", "python", "-c", level).strip())


def account_may_only_touch_rows(compose: Compose) -> None:
    """Try what the API's account must not."""
    for statement in ("DROP TABLE users", "CREATE TABLE x (a int)", "ALTER TABLE users ADD x int", "TRUNCATE users"):
        refused = as_app(compose, statement)
        require("denied" in refused, f"{statement}: {refused.strip().splitlines()[-1][:90]}")
    require(as_app(compose, "SELECT COUNT(*) FROM users").strip().isdigit(), "SELECT works")


def as_app(compose: Compose, statement: str) -> str:
    """Run SQL as the API's account; its password reaches the client over the file that only root of it can read."""
    password = read_secrets(compose)["app_password"]
    script = 'read -r p; mariadb -upupero -p"$p" -h127.0.0.1 -N pupero -e "$1"'
    arguments = ("exec", "-T", "-u", "999", "mariadb", "sh", "-c", script, "sh", statement)
    return compose(*arguments, text=f"{password}\n", allowed=True)


def samples_are_refused_in_production(compose: Compose) -> None:
    """Start the API and the pages with a sample secret in production."""
    for service, name in (("login", "JWT_SECRET_KEY"), ("ui", "SECRET_KEY")):
        sample = ["-e", f"{name}_FILE=", "-e", f"{name}=please-change-me-please-change-me-please"]
        command = (
            "run",
            "--rm",
            "-T",
            "--no-deps",
            "-e",
            "ENVIRONMENT=production",
            "-e",
            "PUBLIC_URL=https://a.example",
        )
        told = compose(*command, *sample, service, allowed=True)
        require(name in told and "please" not in told, f"{service}: {told.strip().splitlines()[-1][:160]}")
