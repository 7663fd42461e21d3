"""Reserved usernames: nobody new speaks for the service, in whatever letters; who has such a name keeps it."""

import pytest
from starlette.testclient import TestClient

from app.services.reserved import LOOK_ALIKES, RESERVED, fold_look_alikes, is_reserved
from testing.api import PASSWORD, RunSql, SignedIn, register

LOOK_ALIKE_NAMES = [
    *("admin", "Admin", "ROOT", "support", "Pupero", "administrator", "no-reply", "Mailer-Daemon"),
    *("4dm1n", "r00t", "5upp0rt", "pup3r0", "adm1n", "a.d-m_i.n", "..admin..", "adrnin", "vvebmaster"),
    "аdmin",  # the first letter is Cyrillic
    "рuреrо",  # four of them are
    "αdmιn",  # Greek
    "ádmîn",
    "ᴀdmin",
    "rооt٠".removesuffix("٠"),
    "sυpport",
    "r٠٠t",  # Arabic digits
    *("pupero-support", "pupero.team", "Pupero_Official", "adminadmin", "root.admin"),
]
HARMLESS = [
    *(
        "alice",
        "Administra",
        "rooted",
        "supporter1",
        "puperofan",
        "Andrea",
        "Ольга",
        "Γιώργος",
        "李小龙",
        "adam",
        "iris",
    ),
    *("helpmeplease", "info2026", "teammate", "admin-alice", "minda", "naïve", "Søren", "0123456", "ruth"),
]


@pytest.mark.parametrize("name", LOOK_ALIKE_NAMES)
def test_what_reads_as_ours_is_reserved(name: str) -> None:
    """Digits and letters of other scripts, accents and dots between hide no name; several in a row are one too."""
    assert is_reserved(name)


@pytest.mark.parametrize("name", HARMLESS)
def test_other_names_are_free(name: str) -> None:
    """Names of people in any script stay possible, also those that only begin like one of ours."""
    assert not is_reserved(name, "Pupero")


def test_each_letter_has_its_own_look_alikes() -> None:
    """No character stands for two letters, and each reserved name is found by its own letters."""
    every = "".join(LOOK_ALIKES.values())

    assert len(set(every)) == len(every)
    assert [word for word in RESERVED if not is_reserved(word) or len(fold_look_alikes(word)) < 4] == []


@pytest.mark.parametrize("name", ["admin", "4dmin", "рuреrо", "Acme", "ac-me.support"])
@pytest.mark.parametrize("settings_changes", [{"totp_issuer": "Acme"}])
def test_nobody_signs_up_under_one(api: TestClient, name: str) -> None:
    """The refusal has a code of its own; the name that the operator gave the service is reserved as well."""
    answer = api.post("/register", json={"email": "eve@example.com", "username": name, "password": PASSWORD})

    assert (answer.status_code, answer.json()["code"]) == (400, "username_reserved")
    register(api, "eve")


@pytest.mark.asvs("6.3.2")
def test_nobody_takes_one_later_and_who_has_one_keeps_it(user: SignedIn, sql: RunSql) -> None:
    """A change to one is refused, with all that came with it; an account from before goes on, and so does its name."""
    body = {"username": "suppоrt", "phrase": "Blue herons"}
    refused = user.call("PUT", "/user/update", body)
    phrase = user.get("/user/profile").json()["phrase"]
    sql("UPDATE users SET username = 'admin', username_key = 'admin'")
    kept = user.call("PUT", "/user/update", {"username": "Admin", "phrase": "Blue herons"})
    signed_in = user.http.post("/login", json={"username": "ADMIN", "password": PASSWORD})
    moved = user.call("PUT", "/user/update", {"username": "root"})

    assert (refused.status_code, refused.json()["code"]) == (400, "username_reserved")
    assert phrase != "Blue herons"
    assert (kept.status_code, signed_in.status_code, moved.status_code) == (200, 200, 400)
    assert user.get("/user/profile").json()["username"] == "Admin"
