"""Recovery codes, and secrets at rest."""

import re

import httpx2
import pytest
from starlette.testclient import TestClient

from app.secrets.encryption import UnreadableSecret, decrypt, encrypt
from app.secrets.keys import make_keyrings
from app.secrets.recovery_codes import RecoveryCodeHasher, hash_former_code
from testing.api import (
    PASSWORD,
    LetPass,
    MakeStale,
    Person,
    RunSql,
    SignedIn,
    enable_totp,
    register,
    sign_in,
)

HASHER = RecoveryCodeHasher(time_cost=1, memory_kib=8)


def log_in(http: object, person: Person, **more: object) -> httpx2.Response:
    """Try to sign in."""
    body = {"email": person.email, "password": person.password, **more}
    return http.post("/login", json=body)  # type: ignore[attr-defined,no-any-return]  # a client of either library


@pytest.mark.asvs("6.5.2", "6.5.4")
def test_ten_recovery_codes_each_good_once(api: TestClient, user_with_totp: SignedIn) -> None:
    """A recovery code stands in for a code, once, however it is typed."""
    codes, person = user_with_totp.recovery_codes, user_with_totp.person
    forms = [codes[0], codes[1].lower(), codes[2].replace("-", ""), codes[3].replace("-", " "), codes[4] + " "]
    forms += [codes[5].replace("-", "\u2013"), codes[6].replace("-", "\u00ad") + "\n"]

    assert len(set(codes)) == 10
    assert all(re.fullmatch("[0-9A-HJKMNP-TV-Z]{4}(-[0-9A-HJKMNP-TV-Z]{4}){3}", code) for code in codes)  # 80 bits
    for form in forms:
        assert log_in(api, person, totp=form).status_code == 200
        assert log_in(api, person, totp=form).json()["code"] == "totp_invalid"
    assert user_with_totp.get("/totp/status").json() == {
        "enabled": True,
        "recovery_codes_left": 3,
        "recovery_codes_saved": False,
    }


def test_misread_letters_of_a_recovery_code_are_forgiven() -> None:
    """O is read as 0, I and L as 1, which the alphabet leaves out."""
    salt = HASHER.make_salt()

    assert HASHER.hash("OILX" * 4, salt) == HASHER.hash("011X" * 4, salt)
    assert hash_former_code("OIL" * 8, "x") == hash_former_code("011" * 8, "x")


@pytest.mark.asvs("6.5.2", "11.4.2")
def test_codes_are_hashed_as_passwords_are() -> None:
    """By Argon2id at what OWASP wants at least, with 128 random bits of salt, which remembers its cost."""
    default, one_pass = (RecoveryCodeHasher(time_cost=t, memory_kib=m) for t, m in ((3, 65536), (1, 47104)))
    salt = default.make_salt()

    assert salt.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert one_pass.make_salt().startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert len({salt, default.make_salt()}) == 2
    assert default.hash("A" * 16, salt) == HASHER.hash("A" * 16, salt) != HASHER.hash("A" * 16, "damaged")


def test_codes_of_before_go_on(api: TestClient, user_with_totp: SignedIn, sql: RunSql) -> None:
    """A code of 120 bits, hashed as it was then, signs in once, and counts as saved."""
    code, (public_id,) = "7Q2M-X0KD-9RWA-3TNE-5HJC-8VPB", sql("SELECT public_id FROM users")[0]
    digest = hash_former_code(code.replace("-", ""), public_id)
    sql("DELETE FROM recovery_codes WHERE id > (SELECT MIN(id) FROM (SELECT id FROM recovery_codes) AS ids)")
    sql("UPDATE recovery_codes SET code_hash = :digest, salt = NULL, unsaved_set = NULL", digest=digest)

    assert user_with_totp.get("/totp/status").json()["recovery_codes_saved"] is True
    assert log_in(api, user_with_totp.person, totp="A" * 16).json()["code"] == "totp_invalid"
    answers = [log_in(api, user_with_totp.person, totp=form) for form in (code.lower(), code)]
    assert [answer.status_code for answer in answers] == [200, 400]


def test_codes_are_missed_until_their_owner_has_them(user: SignedIn) -> None:
    """From their making until somebody says so of this very set: a tab with codes of before says nothing of the new."""
    assert user.get("/user/account").json()["recovery_codes_saved"] is True
    first = enable_totp(user).post("/totp/recovery-codes").json()["code_set"]
    second = user.post("/totp/recovery-codes").json()["code_set"]

    def say_saved(name: str) -> bool:
        answer = user.post("/totp/recovery-codes/saved", {"code_set": name})
        assert (answer.status_code, answer.json()["recovery_codes_left"]) == (200, 10)
        return bool(answer.json()["recovery_codes_saved"])

    assert user.get("/user/account").json()["recovery_codes_saved"] is False
    assert [say_saved(name) for name in ("", first, second, second)] == [False, False, True, True]
    assert user.get("/user/account").json()["recovery_codes_saved"] is True
    user.post("/totp/recovery-codes")
    assert user.get("/totp/status").json()["recovery_codes_saved"] is False


def test_nobody_says_it_of_codes_of_another_account(api: TestClient, user_with_totp: SignedIn) -> None:
    """The name of a set is worth nothing to anybody else."""
    name = user_with_totp.post("/totp/recovery-codes").json()["code_set"]
    sign_in(api, register(api, "bob")).post("/totp/recovery-codes/saved", {"code_set": name})

    assert user_with_totp.get("/totp/status").json()["recovery_codes_saved"] is False


def test_new_recovery_codes_replace_the_old(
    api: TestClient, user_with_totp: SignedIn, make_session_stale: MakeStale
) -> None:
    """New codes need a fresh session or a proof, and end the old ones."""
    user, old = user_with_totp, user_with_totp.recovery_codes
    make_session_stale()
    assert user.post("/totp/recovery-codes").json()["code"] == "reauthentication_required"
    proof = {"current_password": PASSWORD, "totp": old[0]}
    new = user.post("/totp/recovery-codes", proof).json()["recovery_codes"]

    assert len(set(new) | set(old)) == 20
    assert log_in(api, user.person, totp=old[1]).json()["code"] == "totp_invalid"
    assert log_in(api, user.person, totp=new[1]).status_code == 200


@pytest.mark.asvs("8.2.2")
def test_codes_of_another_account_are_worth_nothing(api: TestClient, user_with_totp: SignedIn) -> None:
    """Recovery codes are bound to their account."""
    bob = enable_totp(sign_in(api, register(api, "bob")))

    assert log_in(api, bob.person, totp=user_with_totp.recovery_codes[0]).json()["code"] == "totp_invalid"


@pytest.mark.asvs("13.3.1", "11.3.3", "14.2.4")
def test_a_dump_shows_no_secret_and_no_recovery_code(user: SignedIn, sql: RunSql) -> None:
    """The pending secret, the active one and the recovery codes are unreadable in the database."""
    secret = user.post("/totp/enable/start").json()["secret"]
    pending = str(sql("SELECT * FROM totp_enrolments"))
    enable_totp(user)
    dump = pending + str(sql("SELECT * FROM users")) + str(sql("SELECT * FROM recovery_codes"))

    assert user.secret == secret
    for plain in (secret, *user.recovery_codes, *(code.replace("-", "") for code in user.recovery_codes)):
        assert plain not in dump


@pytest.mark.asvs("11.2.2")
def test_encryption_keys_rotate() -> None:
    """The first key encrypts, all decrypt, and the derived one still opens what was made before own keys were set."""
    signing = "s" * 8 + "igning-key-with-some-length-to-it"
    derived = make_keyrings([signing], []).secrets
    own = make_keyrings([signing], ["first-key", "second-key"]).secrets
    rotated = make_keyrings([signing], ["new-key", "first-key"]).secrets
    old, current = encrypt("SECRET", "totp:x", derived), encrypt("SECRET", "totp:x", own)

    assert decrypt(old, "totp:x", own) == decrypt(current, "totp:x", rotated) == "SECRET"
    assert current.startswith(own[0].kid)
    with pytest.raises(UnreadableSecret):
        decrypt(current, "totp:x", make_keyrings([signing], ["new-key"]).secrets)
    with pytest.raises(UnreadableSecret):
        decrypt(current, "totp:somebody-else", own)


@pytest.mark.asvs("16.5.3")
@pytest.mark.parametrize("damage", ["unknown.AAAA", "unknown", "", "another row's"])
def test_an_unreadable_secret_is_never_no_second_factor(
    api: TestClient, user_with_totp: SignedIn, sql: RunSql, caplog: pytest.LogCaptureFixture, damage: str
) -> None:
    """With the keys lost or the row damaged, nobody gets in by the password alone: 503 and a line in the log."""
    if damage == "another row's":
        enable_totp(sign_in(api, register(api, "bob")))
        (damage,) = sql("SELECT totp_secret FROM users WHERE username = 'bob'")[0]
    sql("UPDATE users SET totp_secret = :damage WHERE username = 'alice'", damage=damage)

    assert log_in(api, user_with_totp.person).json()["code"] == "totp_required"
    answer = log_in(api, user_with_totp.person, totp=user_with_totp.code())
    assert (answer.status_code, answer.json()["code"]) == (503, "secret_unreadable")
    assert int(answer.headers["retry-after"]) > 0
    assert "totp_secret_unreadable" in [record.message for record in caplog.records]


def test_a_recovery_code_needs_no_readable_secret(api: TestClient, user_with_totp: SignedIn, sql: RunSql) -> None:
    """Whoever runs the service lost a key, and an owner with codes on paper is not locked out by that."""
    sql("UPDATE users SET totp_secret = 'unknown.AAAA'")

    assert log_in(api, user_with_totp.person, totp="A" * 16).json()["code"] == "totp_invalid"
    assert log_in(api, user_with_totp.person, totp=user_with_totp.recovery_codes[0]).status_code == 200


def test_the_next_code_signs_in_half_a_minute_later(
    api: TestClient, user_with_totp: SignedIn, let_codes_pass: LetPass
) -> None:
    """A spent step never blocks the following ones."""
    for _ in range(3):
        assert log_in(api, user_with_totp.person, totp=user_with_totp.code()).status_code == 200
        let_codes_pass()
