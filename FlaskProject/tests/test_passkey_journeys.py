"""Passkeys by forms alone: what the script would fill in comes from an authenticator in software."""

import html
import json
import re

import pytest

from testing.api import MakeStale
from testing.authenticator import Authenticator, Json
from testing.visits import PASSWORD, Visit

pytestmark = pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)

START, OPTIONS, ADD = (f"/security/passkeys/{step}" for step in ("start", "options", "add"))
PROOF, ALONE, TOO = "/reauthenticate/passkey/options", "/login/passkey", "/login/code/passkey"


@pytest.fixture
def owner(visit: Visit, phone: Authenticator) -> Visit:
    """Give somebody signed in whose one second factor is a passkey."""
    visit.register("ada")
    add(visit, phone, "My phone")
    return visit


def ask(visit: Visit, path: str, **fields: str) -> Json:
    """Fetch a question as the script would, with the token of the page that is shown."""
    token = re.search(r'name="csrf_token" value="([^"]+)"', visit.page)
    assert token, visit.page
    answer = visit.client.post(path, data={"csrf_token": token[1], **fields})
    assert answer.status_code == 200, answer.text
    question: Json = json.loads(answer.text)
    return question


def fill(question: Json, credential: Json) -> dict[str, str]:
    """Return what the script writes into the two hidden fields."""
    return {"ceremony": question["ceremony"], "credential": json.dumps(credential)}


def add(visit: Visit, device: Authenticator, name: str) -> Visit:
    """Add a passkey, as far as the page that comes after it."""
    visit.open("/security").send(START)
    question = ask(visit, OPTIONS)
    return visit.send(ADD, name=name, **fill(question, device.create(question["options"])))


def show(visit: Visit, device: Authenticator, path: str, **fields: str) -> dict[str, str]:
    """Answer a question of the page that is shown."""
    question = ask(visit, path, **fields)
    return fill(question, device.get(question["options"]))


def sign_in(visit: Visit, device: Authenticator, **typed: str) -> Visit:
    """Sign in by a passkey alone; the form's address is the button's, its fields are the page's."""
    visit.open("/login")
    answer = show(visit, device, f"{ALONE}/options")
    return press(visit, "/login", ALONE, **answer, **typed)


def press(visit: Visit, form: str, action: str, **typed: str) -> Visit:
    """Send a form by a button that has an address of its own."""
    fields = visit.hidden(form) | typed
    answer = visit.client.post(action, data=fields, follow_redirects=True)
    visit.page, visit.status, visit.path = answer.text, answer.status_code, answer.request.path
    return visit


def name_of(visit: Visit) -> str:
    """Return the address of the one passkey on the page."""
    [found] = set(re.findall(r'action="(/security/passkeys/[^"/]+)/rename"', visit.page))
    return str(found)


def test_from_the_first_passkey_to_the_last(owner: Visit, phone: Authenticator) -> None:
    """Codes come with the first, none with the second; names are anybody's; the last one takes the codes along."""
    codes = re.search(r"<pre[^>]*>(.*?)</pre>", owner.page, re.DOTALL)
    assert codes
    assert len(codes[1].split()) == 10
    owner.send("/security/totp/saved", saved="true")
    assert add(owner, Authenticator(synced=False), "Key").says("Your passkey is ready")
    assert owner.says("On one device")
    assert owner.says("Your passkeys are your second factor")

    first, second = re.findall(r'action="(/security/passkeys/[^"/]+)/rename"', owner.page)
    odd = 'עט "סגול" <b>🦩</b>'
    assert owner.send(f"{first}/rename", name=odd).says("The new name is saved.")
    assert f"<strong><bdi>{html.escape(odd).replace('&quot;', '&#34;')}</bdi></strong>" in owner.page
    assert not owner.says("This is your only second factor.")
    assert owner.send(f"{second}/remove").says("That passkey opens your account no more.")
    assert owner.says("This is your only second factor.")
    assert owner.send(f"{first}/remove").says("Your last passkey is removed, and your recovery codes with it.")
    assert "&#34;allAcceptedCredentialIds&#34;: []" in owner.page
    assert "data-passkeys-known" not in owner.open("/security").page
    assert owner.says("Switch on")
    owner.send("/logout")
    assert sign_in(owner, phone).says("We do not know this passkey")
    assert f'data-passkey-unknown="{phone.get(ask(owner, f"{ALONE}/options")["options"])["id"]}"' in owner.page


def test_a_name_that_cannot_be_stands_beside_its_field(owner: Visit) -> None:
    """Every passkey has a form of its own on one page: the sentence, and the link to it, find the one that was sent."""
    add(owner, Authenticator(), "Key")
    owner.open("/security")
    first, _second = re.findall(r'action="(/security/passkeys/[^"/]+)/rename"', owner.page)
    for name, words in (("", "Please give it a name."), ("\u0007", "Something in this cannot be seen")):
        owner.send(f"{first}/rename", name=name)
        form = owner.page[owner.page.index(f'action="{first}/rename"') :].partition("</form>")[0]
        assert words in form
        assert 'id="name"' in form
        assert 'href="#name"' in owner.page
        assert owner.page.count("<details open>") == 1
        identities = re.findall(r' id="([^"]+)"', owner.page)
        assert len(identities) == len(set(identities))


def test_signing_in_by_a_passkey_alone(owner: Visit, phone: Authenticator) -> None:
    """It goes on where the visitor was going, for as long as the box says; an answer is good once."""
    owner.open("/").send("/logout")
    owner.open("/login?next=/profile")
    answer = show(owner, phone, f"{ALONE}/options")
    assert press(owner, "/login", ALONE, remember_me="true", **answer).path == "/profile"
    cookie = owner.client.get_cookie("refresh_token")
    assert cookie
    assert cookie.max_age
    owner.send("/logout").open("/login?next=/profile")
    again = press(owner, "/login", ALONE, username="ada & co", remember_me="true", **answer)
    assert (again.status, again.says("That took too long or was used already")) == (200, True)
    assert 'value="ada &amp; co"' in again.page
    assert " checked" in again.page
    assert 'name="next" value="/profile"' in again.page
    assert answer["ceremony"] not in again.page
    assert "clientDataJSON" not in again.page


def test_after_the_password(owner: Visit, second_visit: Visit, phone: Authenticator) -> None:
    """A passkey, or without script a recovery code; never a passkey of somebody else."""
    code = re.findall(r"<pre[^>]*>(.*?)</pre>", owner.page, re.DOTALL)[0].split()[0]
    eve = Authenticator()
    add(second_visit.register("eve"), eve, "Hers")
    second_visit.open("/").send("/logout")

    second_visit.log_in("ada")
    assert (second_visit.path, second_visit.says("Use your passkey")) == ("/login/code", True)
    assert 'name="totp"' not in second_visit.page
    question = ask(second_visit, f"{TOO}/options")
    theirs = fill(question, eve.get(question["options"], credential=eve.credentials[0]))
    assert press(second_visit, "/login/code", TOO, **theirs).says("We do not know this passkey")
    assert "data-passkey-unknown" not in second_visit.page
    answer = show(second_visit, phone, f"{TOO}/options")
    assert press(second_visit, "/login/code", TOO, **answer).says("Hello, ada")

    second_visit.send("/logout").log_in("ada").open("/login/code?with=recovery")
    assert second_visit.send("/login/code", totp=code).says("Hello, ada")


@pytest.mark.parametrize("password", ["", PASSWORD], ids=["alone", "beside the password"])
def test_is_it_still_you(owner: Visit, phone: Authenticator, make_session_stale: MakeStale, password: str) -> None:
    """A passkey that verifies its owner proves it alone, any passkey beside the password; then the change is made."""
    owner.open("/security")
    passkey = name_of(owner)
    make_session_stale()
    assert owner.send(f"{passkey}/rename", name="Blue phone").says("Is it still you?")
    answer = show(owner, phone, PROOF, **({"with_password": "true"} if password else {}))
    assert owner.send(f"{passkey}/rename", current_password=password, totp="", **answer).says("The new name is saved.")
    assert owner.says("Blue phone")


def test_a_proof_that_is_refused_comes_back_with_what_was_asked_for(
    owner: Visit, phone: Authenticator, make_session_stale: MakeStale
) -> None:
    """A key that verified nobody is no proof alone."""
    owner.open("/security")
    passkey = name_of(owner)
    make_session_stale()
    owner.send(f"{passkey}/rename", name="Blue phone")
    phone.verifies = False
    answer = show(owner, phone, PROOF)
    owner.send(f"{passkey}/rename", current_password="", totp="", **answer)
    assert (owner.status, owner.says("Is it still you?"), owner.says("That passkey did not work here")) == (
        200,
        True,
        True,
    )
    assert owner.hidden(f"{passkey}/rename")["name"] == "Blue phone"
    assert not {"ceremony", "credential"} & owner.hidden(f"{passkey}/rename").keys()


@pytest.mark.parametrize(
    ("action", "typed", "done"),
    [
        ("/profile/email", {"new_email": "ada@example.org"}, "Your address is ada@example.org."),
        ("/security/password", {"new_password": "green herons at dusk"}, "Your password is changed"),
        ("/account/delete", {"confirm": "true"}, "Your account is deleted"),
    ],
)
def test_a_passkey_stands_in_for_the_code(  # noqa: PLR0913 a test names its fixtures
    owner: Visit, phone: Authenticator, make_session_stale: MakeStale, *, action: str, typed: dict[str, str], done: str
) -> None:
    """Also in a form that had no field for one when it was opened, for the session was fresh."""
    owner.open("/account/delete" if "confirm" in typed else action.rpartition("/")[0])
    make_session_stale()
    owner.send(action, current_password=PASSWORD, **typed)
    assert (owner.status, owner.says("This needs one of your passkeys, or a recovery code, too.")) == (200, True)
    answer = show(owner, phone, PROOF, with_password="true")
    assert owner.send(action, current_password=PASSWORD, **typed, **answer).says(done)


def test_a_passkey_that_is_gone_already(owner: Visit, second_visit: Visit, phone: Authenticator) -> None:
    """Removed in another tab: the page says so; its answers open nothing."""
    owner.open("/security")
    passkey = name_of(owner)
    sign_in(second_visit, phone).open("/security").send(f"{passkey}/remove")
    assert owner.send(f"{passkey}/rename", name="Blue").says("That passkey was removed already.")
    assert owner.status == 200


def test_the_browser_hears_of_a_new_name_of_its_owner(owner: Visit) -> None:
    """On the page that the change leads to, once."""
    owner.open("/profile").send("/profile/username", username="lovelace")
    assert 'data-name="ada@example.com" data-display-name="lovelace"' in owner.page
    assert "data-passkeys-known" not in owner.open("/profile").page
