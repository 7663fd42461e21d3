"""How the images start a part: its secrets, the build that fits the CPU, and an end that nobody notices."""

import os
import re
import signal
import stat
import subprocess
import sys
import time
from ipaddress import ip_network
from pathlib import Path

import pytest

from deploy import make_secrets
from deploy.processor import V2, V3, pick_level
from deploy.secret_files import SecretFileError, read_secret_files
from deploy.start import ROOT, prepare, ui_command, workers

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="the images are Linux")
SERVER = """
import signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: (print("asked to end", flush=True), sys.exit(0)))
print("serving", flush=True)
time.sleep(60)
"""


@pytest.mark.asvs("13.3.1")
def test_a_secret_comes_from_its_file(tmp_path: Path) -> None:
    """Editors end a file with a newline, which is no part of the secret; other variables of that ending stay alone."""
    (tmp_path / "key").write_text("a secret of some length\n", encoding="utf-8")
    environment = {
        "JWT_SECRET_KEY_FILE": str(tmp_path / "key"),
        "SSL_CERT_FILE": "/etc/ssl/cert.pem",
        "SECRET_KEY_FILE": "",
    }

    assert read_secret_files(environment) == {"JWT_SECRET_KEY": "a secret of some length"}


def test_a_secret_given_twice_or_unreadable_ends_the_start(tmp_path: Path) -> None:
    """Neither is ignored, and the message holds no value."""
    (tmp_path / "key").write_text("one", encoding="utf-8")
    twice = {"SECRET_KEY_FILE": str(tmp_path / "key"), "SECRET_KEY": "another"}
    with pytest.raises(SecretFileError, match="SECRET_KEY and SECRET_KEY_FILE") as refusal:
        read_secret_files(twice)
    assert "another" not in str(refusal.value)
    with pytest.raises(SecretFileError, match="DATABASE_URL_FILE cannot be read"):
        read_secret_files({"DATABASE_URL_FILE": str(tmp_path / "none")})


@pytest.mark.parametrize(
    ("flags", "chosen"),
    [(V3, "x86-64-v3"), (V3 - {"avx2"}, "x86-64-v2"), (V2, "x86-64-v2"), (V2 - {"ssse3"}, None), (set(), None)],
)
def test_the_fastest_build_that_runs_is_chosen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, flags: set[str], chosen: str | None
) -> None:
    """A flag less, and an image that was built on a newer machine would die of an illegal instruction."""
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    for level in ("x86-64-v2", "x86-64-v3"):
        (tmp_path / level).mkdir()
    (tmp_path / "cpuinfo").write_text(f"processor : 0\nflags\t\t: fpu {' '.join(sorted(flags))}\n", encoding="utf-8")

    level = pick_level(tmp_path, tmp_path / "cpuinfo")
    assert (level and level.name) == chosen


def test_other_machines_take_the_packaged_build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """ARM has no such levels, and a missing folder is no build."""
    assert pick_level(tmp_path, tmp_path / "none") is None
    monkeypatch.setattr("platform.machine", lambda: "aarch64")
    (tmp_path / "x86-64-v3").mkdir()
    assert pick_level(tmp_path) is None


def test_several_workers_share_a_folder_for_metrics() -> None:
    """One process needs none; what WEB_CONCURRENCY says in another language counts as one."""
    alone, together = prepare({"WEB_CONCURRENCY": "1"}), prepare({"WEB_CONCURRENCY": "3"})

    assert "PROMETHEUS_MULTIPROC_DIR" not in alone
    Path(together["PROMETHEUS_MULTIPROC_DIR"]).rmdir()
    assert [workers({"WEB_CONCURRENCY": value}) for value in ("", "0", "4", "many")] == [1, 1, 4, 1]
    assert ui_command({"WEB_CONCURRENCY": "2", "THREADS": "7"})[-4:] == ["--workers", "2", "--threads", "7"]


@pytest.mark.asvs("11.6.1", "13.3.2")
@LINUX
def test_secrets_are_made_once_and_for_one_reader(tmp_path: Path) -> None:
    """A second run keeps what is there, and nobody else may read any of it."""
    assert make_secrets.main([str(tmp_path)]) == 0
    before = {path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()}
    (tmp_path / "metrics_token").unlink()
    make_secrets.main([str(tmp_path)])
    after = {path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()}

    assert set(before) == set(make_secrets.FILES)
    assert {name for name in before if before[name] != after[name]} == {"metrics_token"}
    assert before["app_password"].strip() in before["database_url"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {0o440}


@LINUX
@pytest.mark.asvs("13.3.2")
def test_nobody_else_ever_reads_a_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where the owner cannot be changed the files are their maker's alone, and so they are while they are made."""
    seen: list[int] = []

    def refuse(path: Path, _owner: int, _group: int) -> None:
        seen.append(stat.S_IMODE(Path(path).stat().st_mode))
        raise PermissionError

    monkeypatch.setattr(os, "chown", refuse)
    (tmp_path / ".app_password").write_text("half of one", encoding="utf-8")
    (tmp_path / ".app_password").chmod(0o644)
    (tmp_path / "metrics_token").write_text("kept, and readable by all since an older version", encoding="utf-8")
    (tmp_path / "metrics_token").chmod(0o644)
    former = os.umask(0)
    try:
        make_secrets.main([str(tmp_path)])
    finally:
        os.umask(former)

    assert seen.count(0o600) == len(seen) - 1 == len(make_secrets.FILES) - 1
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {0o600}
    assert "metrics_token: kept, for its owner alone" in capsys.readouterr().out


@LINUX
def test_the_end_is_announced_before_it_comes(tmp_path: Path) -> None:
    """SIGTERM writes the file that /readyz looks at, lets the balancer notice, and only then reaches the server."""
    drain_file = tmp_path / "draining"
    script = (
        "import os, sys; from deploy.start import serve; "
        "sys.exit(serve([sys.executable, '-c', sys.argv[1]], dict(os.environ)))"
    )
    environment = {**os.environ, "DRAIN_FILE": str(drain_file), "DRAIN_SECONDS": "1"}
    with subprocess.Popen(  # noqa: S603 our own
        [sys.executable, "-c", script, SERVER], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "serving\n"
        begin = time.monotonic()
        parent.send_signal(signal.SIGTERM)
        assert parent.stdout.readline() == "asked to end\n"
        waited = time.monotonic() - begin
        assert drain_file.exists()
        assert waited >= 1
        assert parent.wait(60) == 0


def test_the_fixed_network_is_none_that_docker_takes_by_itself() -> None:
    """Else another network, taken from these pools in turn, sooner or later overlaps it and nothing starts."""
    compose = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    [first] = set(re.findall(r"\$\{API_NETWORK:-([\d.]+)\}", compose))
    pools = map(ip_network, ("172.17.0.0/16", "172.18.0.0/15", "172.20.0.0/14", "172.24.0.0/13", "192.168.0.0/16"))

    assert not any(ip_network(f"{first}.0/24").overlaps(pool) for pool in pools)
    assert ip_network(f"{first}.0/24").is_private
