"""An operator's own name and colour: in mails, authenticators and the API's own page, as words and never as markup."""

from email.utils import parseaddr
from html import escape
from typing import Any

import pyotp
import pytest
from starlette.testclient import TestClient

from app.config import ConfigurationError, Settings, load_settings
from testing.api import register, sign_in
from testing.mail import Mailbox, html_of, text_of

NAME = '"Söhne", Inc. & <b>{disown_link}'
ODD = [NAME, "🦩 Flamingo", "100% C#", "שלום", "a\\b@c, d;e", "Acme (London)", "A" * 40, "'"]
LEAST = {"database_url": "sqlite:///x.sqlite3", "jwt_secret_key": "Vb7kQ2xNfTz9LmWc4RsYh8JpDg3Ea6Uo", "_env_file": None}
ON_SQLITE = pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)


def load(**known: Any) -> Settings:
    """Load settings with these, of no file."""
    return load_settings(**LEAST, **known)


@pytest.mark.asvs("1.3.11", "1.2.1", "1.2.2", "1.3.7")
@ON_SQLITE
@pytest.mark.parametrize("settings_changes", [{"service_name": NAME, "accent_colour": "6441A5"}])
def test_one_name_and_colour_are_everywhere(api: TestClient, mailbox: Mailbox, settings: Settings) -> None:
    """Sender, words and colours of a mail, the authenticator's label, a new phrase, the description and its page."""
    user = sign_in(api, register(api))
    mail = mailbox.last(kind="verify_email")
    html = html_of(mail)
    setup = user.post("/totp/enable/start").json()
    totp = pyotp.parse_uri(setup["otpauth_uri"])

    assert parseaddr(str(mail["From"])) == (NAME, "no-reply@localhost")
    assert f"\n\nAn account at {NAME} uses this address.\n" in text_of(mail)
    assert text_of(mail).endswith(f"\n\n{NAME}. Check the address in your browser before you type a password.\n")
    assert html.count(escape(NAME)) == 4  # preview, head, sentence, signature
    assert "<b>" not in html
    assert 'class="button" style="background-color:#6441a5;color:#ffffff' in html
    assert ".link { color:#a28dc9 !important }" in html
    assert "#145852" not in html
    assert (totp.name, totp.issuer) == (user.person.email, NAME)
    assert user.get("/user/profile").json()["phrase"] == f"Welcome to {NAME}"
    assert settings.relying_party.name == NAME
    assert api.get("/openapi.json").json()["info"]["title"] == NAME
    assert f"<title>{escape(NAME)} API</title>" in api.get("/docs").text


@ON_SQLITE
@pytest.mark.parametrize("settings_changes", [{"service_name": "Flamingo Bank", "totp_issuer": "Acme"}])
def test_nobody_poses_as_the_service_or_takes_its_name_for_a_password(api: TestClient) -> None:
    """Its name is reserved beside the one of authenticators, and what everybody would try first."""
    body = {"email": "eve@example.com", "password": "a quite different one"}
    names = [api.post("/register", json={**body, "username": name}).json()["code"] for name in ("FlamingoBank", "acme")]
    refused = api.post("/register", json={**body, "password": "flamingobank1"})

    assert names == ["username_reserved"] * 2
    assert refused.json()["code"] == "password_too_personal"


@pytest.mark.parametrize("name", ODD)
def test_a_sender_is_made_of_every_name(name: str) -> None:
    """Quoted or encoded, as RFC 5322 and RFC 2047 say, and one mailbox for whoever reads it."""
    settings = load(service_name=name)

    assert parseaddr(settings.mail_from) == (name, "no-reply@localhost")
    assert (settings.totp_issuer, settings.relying_party.name) == (name, name)


def test_what_an_operator_has_named_stays() -> None:
    """A name of authenticators, a sender and a phrase that are set win over the service's; without it, all is ours."""
    own = load(
        service_name="Acme", totp_issuer="Acme ID", mail_from="Us <us@example.com>", anti_phishing_phrase_default="Hi"
    )
    ours = load()

    assert (own.totp_issuer, own.mail_from, own.anti_phishing_phrase_default) == (
        "Acme ID",
        "Us <us@example.com>",
        "Hi",
    )
    assert (ours.totp_issuer, ours.mail_from) == ("Pupero", "Pupero <no-reply@localhost>")
    assert (ours.anti_phishing_phrase_default, ours.brand.light.accent) == ("Welcome to Pupero", "#145852")


@pytest.mark.parametrize(
    ("known", "reason"),
    [
        ({"service_name": "Acme: ID"}, "SERVICE_NAME must have no colon, which ends a name in authenticator apps"),
        ({"accent_colour": "teal"}, "ACCENT_COLOUR must be a colour as #rrggbb, such as #145852"),
        ({"accent_colour": "#ffe0e0"}, "ACCENT_COLOUR is too light: a tone of it that can be read on white is grey"),
    ],
)
def test_a_refusal_gives_its_reason_and_no_other(known: dict[str, str], reason: str) -> None:
    """Defaults that are made of the name do not complain, too."""
    with pytest.raises(ConfigurationError) as caught:
        load(**known)

    assert str(caught.value).startswith(reason)
    assert ";" not in str(caught.value).replace("grey; choose", "")
