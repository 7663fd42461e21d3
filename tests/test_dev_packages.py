"""How dev.py installs: into its own environment whatever pip was told elsewhere, and without what has no wheel here."""

import os
import sysconfig
from pathlib import Path

import pytest

from devtools import environment, packages, uv
from testing.wheels import make_environment, make_wheel, packages_of

FROM_ELSEWHERE = ["PIP_USER", "PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_DRY_RUN", "PIP_CONSTRAINT", "PYTHONPATH"]


@pytest.fixture
def venv(tmp_path: Path) -> Path:
    """Give an environment with nothing in it but pip."""
    return make_environment(tmp_path / "venv")


@pytest.fixture
def own_uv(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the person have a uv on the PATH, and pip be of no use."""
    monkeypatch.setenv("PATH", f"{sysconfig.get_path('scripts')}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.delattr(packages, "install_by_pip")


def install(lock: Path, text: str, venv: Path) -> None:
    """Install a lock of this text."""
    lock.write_text(text, encoding="utf-8")
    packages.install(lock, environment.python_of(venv), venv)


def installed(venv: Path) -> set[str]:
    """Return the names of what the environment has beside pip."""
    return set(packages_of(venv))


def value_of(name: str, folder: Path) -> str:
    """Return what would lead pip astray."""
    (folder / "constraints.txt").write_text("pupero-demo==9.9\n", encoding="utf-8")
    paths = {"PIP_CONSTRAINT": folder / "constraints.txt"}
    return "1" if name in {"PIP_USER", "PIP_DRY_RUN"} else str(paths.get(name, folder / "elsewhere"))


@pytest.mark.parametrize("name", FROM_ELSEWHERE)
def test_what_the_environment_tells_pip_does_not_matter(
    wheels: Path, venv: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Online workplaces set PIP_USER, others a target for their own work: packages go where dev.py wants them."""
    monkeypatch.setenv(name, value_of(name, wheels))

    install(wheels / "a.lock", make_wheel(wheels, "1.0"), venv)

    assert installed(venv) == {"pupero-demo"}
    assert not (wheels / "elsewhere").exists()


def test_nor_does_a_configuration_file_but_for_where_packages_come_from(
    wheels: Path, venv: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The index of a firm stays in use; its wish to install for the user only does not."""
    configuration = wheels / "pip.conf"
    links = f"no-index = true\nfind-links = {wheels.as_posix()}"
    configuration.write_text(f"[global]\nuser = true\n{links}\n[install]\ntarget = /nowhere\n", encoding="utf-8")
    for name in ("PIP_NO_INDEX", "PIP_FIND_LINKS"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", str(configuration))

    install(wheels / "a.lock", make_wheel(wheels, "1.0"), venv)

    assert installed(venv) == {"pupero-demo"}


@pytest.mark.usefixtures("own_uv")
def test_uv_takes_packages_from_where_pip_would(wheels: Path, venv: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The index of a firm is used by both; what the person has told uv about other work does not matter."""
    monkeypatch.setenv("UV_TARGET", str(wheels / "elsewhere"))
    monkeypatch.setenv("UV_CONSTRAINT", value_of("PIP_CONSTRAINT", wheels))
    monkeypatch.setenv("UV_CACHE_DIR", str(wheels / "cache"))

    install(wheels / "a.lock", make_wheel(wheels, "1.0"), venv)

    assert installed(venv) == {"pupero-demo"}
    assert not (wheels / "elsewhere").exists()


def test_uv_takes_nothing_but_what_the_hash_names(
    wheels: Path, venv: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A package that was changed on its way is refused by uv, then by pip, whose words are shown."""
    monkeypatch.setenv("PATH", sysconfig.get_path("scripts"))
    make_wheel(wheels, "1.0")

    with pytest.raises(SystemExit, match="DO NOT MATCH THE HASHES"):
        install(wheels / "a.lock", f"pupero-demo==1.0 --hash=sha256:{'0' * 64}\n", venv)

    assert "uv does not manage it" in capsys.readouterr().out
    assert installed(venv) == set()


def test_the_uv_that_is_installed_is_the_one_that_the_locks_are_made_with() -> None:
    """It is pinned with hashes, as every package is."""
    assert uv.pin().startswith("uv==")
    assert "--hash=sha256:" in uv.pin()


def test_what_stands_nearer_wins() -> None:
    """Of two files and the environment pip takes the last; what is not about sources is left out."""
    listed = """
:env:.index-url='https://environment.example'
global.index-url='https://global.example'
global.proxy='http://proxy.example:3128'
install.retries='9'
global.retries='1'
install.user='true'
list.timeout='3'
"""

    assert packages.about_sources(listed) == {
        "PIP_INDEX_URL": "https://environment.example",
        "PIP_PROXY": "http://proxy.example:3128",
        "PIP_RETRIES": "9",
    }


def test_what_only_makes_things_faster_is_left_out_where_it_has_no_wheel(
    wheels: Path, venv: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A newer Python, an older macOS, a rare processor: the rest is installed, and a line says what is not."""
    absent = f"mariadb-binary==2.0 ; python_version > '3' \\\n    --hash=sha256:{'0' * 64}\n    # via mariadb\n"
    more = make_wheel(wheels, "1.0", "zz-after")

    install(
        wheels / "a.lock", absent + make_wheel(wheels, "1.0") + absent.replace("mariadb-binary", "uvloop") + more, venv
    )

    assert installed(venv) == {"pupero-demo", "zz-after"}
    said = capsys.readouterr().out
    assert [name for name in ("mariadb-binary", "uvloop", "pupero-demo") if f"{name} is not ready-built" in said] == [
        "mariadb-binary",
        "uvloop",
    ]


def test_what_is_needed_ends_it_where_it_has_no_wheel(wheels: Path, venv: Path) -> None:
    """A package that nothing replaces is named, in pip's own words."""
    with pytest.raises(
        SystemExit, match=r"(?s)could not install a\.lock.*No matching distribution found for argon2-cffi"
    ):
        install(wheels / "a.lock", f"argon2-cffi==1.0 --hash=sha256:{'0' * 64}\n", venv)


def test_only_the_one_block_is_left_out() -> None:
    """Neither a package whose name begins alike nor what comes after is touched."""
    rest = "mariadb==2 \\\n    --hash=sha256:aa\nmarkupsafe==3 \\\n    --hash=sha256:dd\n"
    block = "mariadb-binary==2 ; x == 'y' \\\n    --hash=sha256:bb \\\n    --hash=sha256:cc\n"

    assert packages.without("mariadb-binary", rest.replace("markupsafe", f"{block}markupsafe")) == rest


@pytest.mark.parametrize("name", packages.FASTER_ONLY)
def test_what_may_be_left_out_is_in_the_lock_and_imported_by_nobody(name: str) -> None:
    """The suite reaches these only through libraries that go on without them."""
    root = Path(__file__).resolve().parent.parent
    parts = [path for part in ("Login/app", "CreateDB", "FlaskProject") for path in (root / part).rglob("*.py")]
    wanted = f"import {name.replace('-', '_')}"

    assert f"\n{name}==" in (root / "requirements.lock").read_text(encoding="utf-8")
    assert [path for path in parts if wanted in path.read_text(encoding="utf-8")] == []
