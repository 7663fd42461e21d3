"""Registering, showing, changing and deleting accounts."""

import json
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import httpx2
import pytest
from starlette.testclient import TestClient

from testing.api import PASSWORD, Person, RunSql, SignedIn, StartApi, enable_totp, register, sign_in

NEW_PASSWORD = "a quite different one"


def test_register_answers_with_an_opaque_id(api: TestClient) -> None:
    """A new account has a random id, not a number that tells how many there are."""
    answer = api.post("/register", json={"email": "alice@example.com", "username": "alice", "password": PASSWORD})

    assert answer.status_code == 200
    assert list(answer.json()) == ["user_id"]
    assert len(answer.json()["user_id"]) == 22


@pytest.mark.parametrize("username", [None, "", "   "], ids=["null", "empty", "blank"])
def test_any_number_of_people_have_no_username(api: TestClient, username: str | None) -> None:
    """A blank username means none, so that two of them don't collide."""
    for name in ("alice", "bob"):
        body = {"email": f"{name}@example.com", "username": username, "password": PASSWORD}
        assert api.post("/register", json=body).status_code == 200


@pytest.mark.asvs("6.3.8")
@pytest.mark.parametrize(
    "email", ["ALICE@example.com", " alice@example.com ", "alice@EXAMPLE.com", "Alice@Example.Com"]
)
def test_variants_of_an_address_are_one_account(api: TestClient, alice: Person, email: str) -> None:
    """Letter case and blanks around an address never make a second account."""
    answer = api.post("/register", json={"email": email, "password": PASSWORD})

    assert (answer.status_code, answer.json()["code"]) == (409, "email_taken")


def test_accents_make_different_people(api: TestClient) -> None:
    """`josé` and `jose` are two people, whatever the database's collation thinks."""
    for name in ("jose", "josé", "jöse"):
        body = {"email": f"{name}@example.com", "username": name, "password": PASSWORD}
        assert api.post("/register", json=body).status_code == 200
    session = api.post("/login", json={"username": "josé", "password": PASSWORD}).json()
    profile = api.get("/user/profile", headers={"Authorization": f"Bearer {session['access_token']}"}).json()

    assert profile["email"] == "josé@example.com"


@pytest.mark.parametrize("username", ["ALICE", "Alice", " alice "])
def test_variants_of_a_username_are_one(api: TestClient, alice: Person, username: str) -> None:
    """A username that differs by case or blanks is taken."""
    answer = api.post("/register", json={"email": "bob@example.com", "username": username, "password": PASSWORD})

    assert (answer.status_code, answer.json()["code"]) == (409, "username_taken")


@pytest.mark.parametrize(
    "username",
    [
        "al",
        "a" * 51,
        "alice@example.com",
        "al ice",
        "ali\u200bce",
        "ali\x00ce",
        "\uff41lice",
        "ali/ce",
        "\ud800abc",
        "ＡＬＩＣＥ",
    ],
)
def test_bad_usernames_are_refused(api: TestClient, username: str) -> None:
    """Usernames are 3 to 50 letters, digits and `._-`: never an address, never something invisible."""
    body = b'{"email": "alice@example.com", "password": "%s", "username": %s}'
    content = body % (PASSWORD.encode(), json.dumps(username).encode())
    answer = api.post("/register", content=content, headers={"Content-Type": "application/json"})

    assert answer.status_code == 422


@pytest.mark.asvs("1.3.11")
@pytest.mark.parametrize(
    "email",
    [
        "",
        "alice",
        "@example.com",
        "alice@",
        "alice@localhost",
        "Alice <alice@example.com>",
        "alice@example.com, bob@example.com",
        "alice@example.com\r\nBcc: bob@example.com",
        "alice@example.com\n",
        "alice\x00@example.com",
        "ali\u200bce@example.com",
        '"alice"@example.com',
        "alice(comment)@example.com",
        "alice@exam ple.com",
        "alice@example..com",
        ".alice@example.com",
        f"{'a' * 65}@example.com",
        f"alice@{'a' * 250}.com",
        "ａlice@example.com",
        "alice@[127.0.0.1]",
        "\ud83d@example.com",
    ],
)
def test_only_one_bare_address_is_an_email(api: TestClient, email: str) -> None:
    """Whatever could split a header or mean two mailboxes is refused, and not repeated."""
    content = json.dumps({"email": email, "password": PASSWORD}).encode()
    answer = api.post("/register", content=content, headers={"Content-Type": "application/json"})

    assert answer.status_code == 422
    assert PASSWORD not in answer.text


@pytest.mark.asvs("6.2.1", "6.2.4", "6.2.11")
@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("seven77", "password_too_short"),
        ("12345678", "password_too_common"),
        ("PassWord1", "password_too_common"),
        ("aaaaaaaaaaaa", "password_too_common"),
        ("alice-alice", "password_too_personal"),
        ("alice@example.", "password_too_personal"),
        ("Pupero123", "password_too_personal"),
    ],
)
def test_weak_passwords_are_refused_everywhere(api: TestClient, user: SignedIn, password: str, code: str) -> None:
    """The same rule holds where a password is chosen and where it is changed."""
    body = {"email": "alice@example.org", "username": "alice", "password": password}
    chosen = api.post("/register", json=body)
    changed = user.call("PUT", "/user/update", {"new_password": password, "current_password": PASSWORD})

    assert [(a.status_code, a.json()["code"]) for a in (chosen, changed)] == [(400, code)] * 2
    assert password not in chosen.text.replace(code, "")


@pytest.mark.asvs("6.2.5", "6.2.8", "6.2.9")
@pytest.mark.parametrize(
    "password",
    [
        "abcdefg " * 8 + "!",
        "x y z " * 30,
        "pässwörd ünd mehr",
        "\U0001f426\u200d\u2b1b bird ❤️",
        "  leading and trailing  ",
    ],
)
def test_a_password_counts_to_its_last_character(api: TestClient, password: str) -> None:
    """Long, spaced, accented and emoji passwords work exactly, without trimming or truncation."""
    person = register(api, password=password)
    sign_in(api, person)
    shorter = api.post("/login", json={"email": person.email, "password": password[:-1]})

    assert shorter.json()["code"] == "invalid_credentials"


@pytest.mark.asvs("6.2.8")
def test_composed_and_decomposed_passwords_are_one(api: TestClient) -> None:
    """The same keys on another keyboard give the same password (NFKC)."""
    person = register(api, password="caf\u00e9 au lait")
    answer = api.post("/login", json={"email": person.email, "password": "cafe\u0301 au lait"})

    assert answer.status_code == 200


@pytest.mark.asvs("1.3.3")
def test_over_long_passwords_are_refused_unhashed(api: TestClient) -> None:
    """More than 1024 bytes never reach the hasher."""
    for password in ("é" * 513, "x" * 1025):
        answer = api.post("/register", json={"email": "alice@example.com", "password": password})
        assert answer.status_code == 422


@pytest.mark.asvs("15.3.3", "8.2.3")
def test_nobody_appoints_themselves(api: TestClient, sql: RunSql) -> None:
    """Members that are not ours to give have no effect, at registration and at update."""
    extra = {"role": "admin", "id": 1, "public_id": "x", "password_hash": "x", "totp_secret": "x", "disabled_at": "x"}
    body = {"email": "alice@example.com", "password": PASSWORD, **extra}
    assert api.post("/register", json=body).status_code == 200
    user = sign_in(api, Person("alice@example.com", None, PASSWORD))
    assert user.call("PUT", "/user/update", {"phrase": "mine", **extra}).status_code == 200

    assert user.get("/user/profile").json() == {
        "email": "alice@example.com",
        "username": None,
        "role": "user",
        "phrase": "mine",
    }
    assert sql("SELECT role, totp_secret, disabled_at FROM users") == [("user", None, None)]


@pytest.mark.asvs("15.4.2", "2.3.4")
def test_24_registrations_at_once_make_one_account(start_api: StartApi) -> None:
    """Of 24 parallel registrations of one email, one wins and 23 are told that it is taken."""
    server, barrier = start_api(workers=2), Barrier(24)

    def try_to_register(number: int) -> tuple[int, str]:
        with httpx2.Client(base_url=server.url, timeout=60) as http:
            barrier.wait()
            body = {"email": "alice@example.com", "password": f"the password number {number}"}
            answer = http.post("/register", json=body)
            return answer.status_code, answer.json().get("code", "made")

    with ThreadPoolExecutor(24) as threads:
        answers = sorted(threads.map(try_to_register, range(24)))

    assert answers == [(200, "made")] + [(409, "email_taken")] * 23


@pytest.mark.asvs("2.3.4")
def test_12_accounts_claiming_one_username_leave_one_holder(start_api: StartApi) -> None:
    """Of 12 accounts that want one username at once, one gets it and the others keep what they had."""
    server = start_api(workers=2)
    with httpx2.Client(base_url=server.url, timeout=60) as http:
        users = [sign_in(http, register(http, f"user{number}")) for number in range(12)]

        def claim(user: SignedIn) -> int:
            return int(user.call("PUT", "/user/update", {"username": "wanted"}).status_code)

        with ThreadPoolExecutor(12) as threads:
            statuses = sorted(threads.map(claim, users))
        names = sorted(user.get("/user/profile").json()["username"] for user in users)

    assert statuses == [200] + [409] * 11
    assert names.count("wanted") == 1
    assert len(set(names)) == 12


@pytest.mark.asvs("8.2.3", "15.3.1")
def test_profile_shows_four_fields(user: SignedIn) -> None:
    """The profile is what the seed says, and never a hash, secret or token."""
    assert user.get("/user/profile").json() == {
        "email": "alice@example.com",
        "username": "alice",
        "role": "user",
        "phrase": "Welcome to Pupero",
    }


def test_account_tells_what_a_person_wants_to_know(user_with_totp: SignedIn) -> None:
    """The richer route tells of the second factor, the phrase and this session."""
    account = user_with_totp.get("/user/account").json()

    assert account["user_id"] == user_with_totp.person.user_id
    assert (account["totp_enabled"], account["recovery_codes_left"]) == (True, 10)
    assert (account["phrase_is_default"], account["email_verified"]) == (True, False)
    assert (account["session"]["label"], account["amr"]) == ("Firefox on Linux", ["pwd"])
    assert account["created_at"].endswith("Z")


@pytest.mark.parametrize(
    "phrase", ["Blaue Reiher im Morgengrauen", "❤️ 👩‍🚀 ünïcödé", "<script>alert(1)</script>", "'; --"]
)
def test_a_phrase_reads_back_as_written(user: SignedIn, phrase: str) -> None:
    """Any visible text up to 255 characters is a phrase, four-byte characters too."""
    assert user.call("PUT", "/user/update", {"phrase": phrase}).status_code == 200
    assert user.get("/user/profile").json()["phrase"] == phrase


@pytest.mark.parametrize("phrase", ["", "   ", "x" * 256, "a\nb", "a\x00b", "abc\u202edef", "\u200b", "\u200d"])
def test_a_phrase_has_no_hidden_characters(user: SignedIn, phrase: str) -> None:
    """Control, bidi and invisible characters, nothing and too much are refused."""
    assert user.call("PUT", "/user/update", {"phrase": phrase}).status_code == 422
    assert user.get("/user/profile").json()["phrase"] == "Welcome to Pupero"


@pytest.mark.asvs("7.5.1", "2.2.3", "6.2.3")
@pytest.mark.parametrize("change", [{"new_email": "alice@example.org"}, {"new_password": NEW_PASSWORD}])
def test_email_and_password_need_the_current_password(user: SignedIn, change: dict[str, str]) -> None:
    """A stolen token changes neither the address nor the password."""
    without = user.call("PUT", "/user/update", change)
    wrong = user.call("PUT", "/user/update", {**change, "current_password": "not the password"})

    assert (without.status_code, without.json()["code"]) == (400, "current_password_required")
    assert (wrong.status_code, wrong.json()["code"]) == (400, "current_password_invalid")
    assert user.get("/user/profile").json()["email"] == "alice@example.com"


@pytest.mark.asvs("2.3.3")
def test_a_refused_update_changes_nothing(api: TestClient, user: SignedIn) -> None:
    """One taken name refuses the whole update, the phrase and the password with it."""
    register(api, "bob")
    body = {"phrase": "new", "new_password": NEW_PASSWORD, "current_password": PASSWORD, "username": "BOB"}
    answer = user.call("PUT", "/user/update", body)

    assert (answer.status_code, answer.json()["code"]) == (409, "username_taken")
    assert user.get("/user/profile").json()["phrase"] == "Welcome to Pupero"
    sign_in(api, user.person)


def test_a_new_email_is_the_one_to_sign_in_with(api: TestClient, user: SignedIn) -> None:
    """A changed address works for signing in at once, and the old one no longer."""
    answer = user.call("PUT", "/user/update", {"new_email": "Alice@example.org", "current_password": PASSWORD})
    old, new = (
        api.post("/login", json={"email": email, "password": PASSWORD}).status_code
        for email in ("alice@example.com", "alice@EXAMPLE.org")
    )

    assert list(answer.json()) == ["message"]
    assert (old, new) == (400, 200)


def test_changing_only_the_case_of_my_own_name_is_fine(user: SignedIn) -> None:
    """A person's own key does not stand in their way."""
    assert user.call("PUT", "/user/update", {"username": "ALICE"}).status_code == 200
    assert user.get("/user/profile").json()["username"] == "ALICE"


@pytest.mark.asvs("7.4.3", "6.2.2")
def test_a_new_password_ends_every_other_session(api: TestClient, user: SignedIn, other_device: SignedIn) -> None:
    """The caller goes on with a new pair; every older token is dead in the same second, the caller's own too."""
    old = SignedIn(api, user.person, user.access_token, user.refresh_token)
    body = {"new_password": NEW_PASSWORD, "current_password": PASSWORD}
    pair = user.call("PUT", "/user/update", body).json()
    new = SignedIn(api, user.person, pair["access_token"], pair["refresh_token"])

    assert new.get("/user/profile").status_code == 200
    assert new.refresh().status_code == 200
    for session in (old, other_device):
        assert session.get("/user/profile").json()["code"] == "session_ended"
        assert session.refresh().json()["code"] == "session_ended"
    assert api.post("/login", json={"email": user.person.email, "password": PASSWORD}).status_code == 400


@pytest.mark.asvs("15.3.1")
def test_enabling_totp_does_not_leak_into_the_profile(user: SignedIn) -> None:
    """The secret appears in `start` only."""
    enable_totp(user)

    for path in ("/user/profile", "/user/account", "/totp/status", "/user/sessions"):
        assert user.secret not in user.get(path).text
