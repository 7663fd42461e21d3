"""Common passwords: refused in every place that sets one, from the bundled list and from the operator's own."""

import hashlib
import io
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from app.passwords.common import CommonPasswords, bundled, check_list, mark_all, write_list
from testing.api import PASSWORD, MakeSettings, SignedIn
from testing.mail import Mailbox

ROOT = Path(__file__).parents[2]
LISTED = "Sommer in Lüneburg"
FURTHER = [f"further password {number}" for number in range(300)]


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """Give a list made by the script from two files, with doubles, short lines and lines that are no text."""
    texts = (f"{LISTED}\nshort\n\n{LISTED.upper()}".encode(), "\r\n".join(FURTHER).encode() + b"\n\xff\xfe\n")
    for number, text in enumerate(texts):
        (tmp_path / f"{number}.txt").write_bytes(text)
    command = [sys.executable, "scripts/common_passwords.py", *(str(tmp_path / name) for name in ("0.txt", "1.txt"))]
    run = subprocess.run([*command, str(tmp_path / "out")], cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603 our own
    assert run.stdout.endswith("out: 301 passwords\n")
    return tmp_path / "out"


def make_list(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the script on the folder's list.txt."""
    command = [sys.executable, "scripts/common_passwords.py", str(folder / "list.txt"), str(folder / "out")]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603 our own


@pytest.fixture
def settings_changes(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Name the list to the API where a test has made one."""
    return {"common_passwords_file": request.getfixturevalue("made")} if "made" in request.fixturenames else {}


@pytest.mark.asvs("6.2.4", "6.2.12")
@pytest.mark.parametrize("password", [LISTED, LISTED.upper(), "further password 299", "iloveyou1"])
@pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)
def test_a_listed_password_is_refused_wherever_one_is_set(
    made: Path, api: TestClient, user: SignedIn, mailbox: Mailbox, password: str
) -> None:
    """At registration, at a change, and by a link from a mail, where links that take an account back lead too."""
    api.post("/password/reset", json={"email": user.person.email})
    link = mailbox.token("/password/reset")
    answers = [
        api.post("/register", json={"email": "bob@example.com", "password": password}),
        user.call("PUT", "/user/update", {"current_password": PASSWORD, "new_password": password}),
        api.post("/password/reset/confirm", json={"token": link, "new_password": password}),
    ]

    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(400, "password_too_common")] * 3


def test_every_entry_is_found_and_nothing_else(made: Path) -> None:
    """The first, the last and all between; a neighbour of each is free."""
    common = CommonPasswords(made)

    assert all(password in common for password in [LISTED, *FURTHER])
    assert not any(f"{password}!" in common for password in [LISTED, *FURTHER])


@pytest.mark.parametrize("entries", [[], ["only one password"]])
def test_a_small_list_is_a_list(tmp_path: Path, entries: list[str]) -> None:
    """With no entry, and with one, looking up works; the bundled list counts all the same."""
    with (tmp_path / "list").open("wb") as file:
        write_list(mark_all(entries), file)
    common = CommonPasswords(tmp_path / "list")

    assert ["only one password" in common, "password1" in common, "blue herons" in common] == [
        bool(entries),
        True,
        False,
    ]


@pytest.mark.asvs("6.2.4")
def test_the_bundled_list_is_long_enough() -> None:
    """More than the three thousand that are asked for, each long enough to be chosen."""
    assert len(bundled()) > 3000
    assert min(map(len, bundled())) >= 8


def test_the_docs_say_what_the_bundled_list_is() -> None:
    """How long it is, and which release of which package brings it."""
    page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")

    assert f"Some {len(bundled()) // 1000},000 common passwords come along" in page
    assert f"zxcvbn {version('zxcvbn').rpartition('.')[0]} brings them" in page


@pytest.mark.parametrize("content", [b"", b"password1\nletmein12\n", b"PUPEROC1abc", None])
def test_another_file_stops_the_start(make_settings: MakeSettings, tmp_path: Path, content: bytes | None) -> None:
    """A text file or a path that leads nowhere would refuse nothing, and nobody would notice."""
    if content is not None:
        (tmp_path / "list").write_bytes(content)
    with pytest.raises(ValueError, match="common_passwords"):
        make_settings("sqlite:///x.sqlite3", common_passwords_file=tmp_path / "list")


def test_the_script_explains_itself(tmp_path: Path) -> None:
    """Without arguments it says how it is called; without the list, what is missing, and leaves no file."""
    run = [sys.executable, "scripts/common_passwords.py"]
    bare = subprocess.run(run, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603 our own
    arguments = [*run, str(tmp_path / "nowhere.txt"), str(tmp_path / "out")]
    missing = subprocess.run(arguments, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603 likewise

    assert (bare.returncode, "LIST" in bare.stderr) == (2, True)
    assert (missing.returncode, "nowhere.txt" in missing.stderr, list(tmp_path.iterdir())) == (1, True, [])


def test_the_first_line_counts_behind_a_mark_of_windows(tmp_path: Path) -> None:
    """Editors there begin a text with a byte order mark, which is no part of the first password."""
    (tmp_path / "list.txt").write_bytes(f"{LISTED}\n{FURTHER[0]}\n".encode("utf-8-sig"))
    ended = make_list(tmp_path)

    assert ended.returncode == 0, ended.stderr
    assert all(password in CommonPasswords(tmp_path / "out") for password in (LISTED, FURTHER[0]))


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_a_list_in_another_encoding_is_refused(tmp_path: Path, encoding: str) -> None:
    """It would make a list that refuses nothing; neither that nor a half-made file is left, and an older list stays."""
    (tmp_path / "list.txt").write_bytes("\n".join(FURTHER).encode(encoding))
    (tmp_path / "out").write_bytes(b"of before")
    ended = make_list(tmp_path)

    assert (ended.returncode, "Traceback" in ended.stderr) == (1, False)
    assert ended.stderr == f"{tmp_path / 'list.txt'}: no text in UTF-8 (it holds NUL bytes)\n"
    assert (tmp_path / "out").read_bytes() == b"of before"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["list.txt", "out"]


def test_order_and_size_of_the_file() -> None:
    """Eight bytes a password behind a mark, sorted, each once."""
    out = io.BytesIO()
    count = write_list(mark_all([*FURTHER, *FURTHER]), out)
    text = out.getvalue()
    marks = [text[start : start + 8] for start in range(8, len(text), 8)]

    assert (count, len(text)) == (300, 8 * 301)
    assert marks == sorted(set(marks))


def breach(*passwords: tuple[str, int]) -> str:
    """Return lines as the downloader of Pwned Passwords writes them, sorted by their hashes."""
    lines = [f"{hashlib.sha1(text.encode()).hexdigest().upper()}:{count}" for text, count in passwords]  # noqa: S324 theirs
    return "\r\n".join(sorted(lines)) + "\r\n"


BREACH = breach(("Correct Horse 1", 9), ("blue battery staple", 5), ("rare but breached", 5), ("seen only once", 1))


@pytest.mark.asvs("6.2.12")
def test_a_breach_is_listed_by_its_hashes(tmp_path: Path) -> None:
    """As they are published, beside a list of words, which count in any letter case."""
    (tmp_path / "breach.txt").write_text(BREACH, encoding="utf-8")
    (tmp_path / "list.txt").write_text(f"{LISTED}\n", encoding="utf-8")
    command = [
        sys.executable,
        "scripts/common_passwords.py",
        *(str(tmp_path / name) for name in ("breach.txt", "list.txt")),
    ]
    run = subprocess.run([*command, str(tmp_path / "out")], cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603 our own
    common = CommonPasswords(tmp_path / "out")

    assert run.stdout.endswith("out: 5 passwords\n")
    assert len(common) == 5
    assert all(password in common for password in ("Correct Horse 1", "seen only once", LISTED, LISTED.upper()))
    assert not any(password in common for password in ("Correct Horse 2", "seen only twice"))


@pytest.mark.parametrize(("most", "left"), [(1, 1), (2, 3), (3, 3), (4, 4), (9, 4)])
def test_the_most_frequent_are_taken(tmp_path: Path, most: int, left: int) -> None:
    """So many, and those that were seen as often as the last of them."""
    (tmp_path / "breach.txt").write_text(BREACH, encoding="utf-8")
    command = [sys.executable, "scripts/common_passwords.py", "--most", str(most), str(tmp_path / "breach.txt")]
    run = subprocess.run([*command, str(tmp_path / "out")], cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603 our own

    assert run.stdout.endswith(f"out: {left} passwords\n")
    assert "Correct Horse 1" in CommonPasswords(tmp_path / "out")
    assert ("seen only once" in CommonPasswords(tmp_path / "out")) is (left == 4)


def test_a_broken_breach_is_refused(tmp_path: Path) -> None:
    """A download that was cut off is named with its line, and no list is made of it."""
    (tmp_path / "list.txt").write_text(BREACH[:-30], encoding="utf-8")
    ended = make_list(tmp_path)

    assert (ended.returncode, ended.stderr) == (1, f"{tmp_path / 'list.txt'}: line 4 is no SHA-1:COUNT\n")
    assert not (tmp_path / "out").exists()


def test_a_list_of_an_earlier_version_serves(tmp_path: Path) -> None:
    """Whoever upgrades has their list still."""
    marks = sorted(hashlib.sha256(text.casefold().encode()).digest()[:8] for text in (LISTED, FURTHER[0]))
    (tmp_path / "list").write_bytes(b"PUPEROC1" + b"".join(marks))
    common = CommonPasswords(check_list(tmp_path / "list"))

    assert (len(common), LISTED in common, LISTED.upper() in common, FURTHER[1] in common) == (2, True, True, False)
