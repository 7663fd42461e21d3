"""Where webhooks go and how they are signed: over https or to this machine, to no private address, by the standard."""

import base64
import socket
import ssl
from collections.abc import Callable
from typing import Any

import pytest

from app.config import ConfigurationError, Settings, load_settings
from app.outbox.outcomes import ServerAway
from app.secrets.standard_webhooks import sign
from app.settings.webhook_receiver import read_receiver
from app.webhooks.addresses import may_reach
from app.webhooks.post import Post
from testing.webhooks import Receiver, verify

PUBLISHED = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # with the message below, in the tests of the standard's libraries
STRONG = "Vb7kQ2xNfTz9LmWc4RsYh8JpDg3Ea6Uo"
BODY = b'{"type":"account.enabled","data":{"user_id":"a"}}'
NAMED = read_receiver("https://hooks.example.com/in")

Load = Callable[..., Settings]


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> Load:
    """Give a function that loads settings of this address and secret."""
    monkeypatch.setitem(Settings.model_config, "env_file", None)

    def load_changed(url: str, secret: str, **changes: Any) -> Settings:
        least = {"database_url": "sqlite:///x.sqlite3", "jwt_secret_key": STRONG}
        return load_settings(**least, webhook_url=url, webhook_secret=secret, **changes)

    return load_changed


def test_signatures_are_the_standards() -> None:
    """The example that its own libraries are tested with; beside it one of the next secret, while both are known."""
    message, time, body = "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}'
    other = f"whsec_{base64.b64encode(bytes(range(64))).decode()}"
    both = sign([PUBLISHED, other], message, time, body)

    assert both.split(" ")[0] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    headers = {"webhook-id": message, "webhook-timestamp": str(time), "webhook-signature": both}
    verify(PUBLISHED, headers, body)
    verify(other, headers, body)


@pytest.mark.parametrize(
    ("address", "is_public", "is_private"),
    [
        ("8.8.8.8", True, True),
        ("2606:4700::1111", True, True),
        ("10.1.2.3", False, True),
        ("192.168.7.1", False, True),
        ("100.64.0.1", False, True),
        ("fd00::1", False, True),
        ("::ffff:10.1.2.3", False, True),
        ("64:ff9b::a01:203", False, True),
        ("64:ff9b::808:808", True, True),
        ("2002:a01:203::1", False, True),
        ("127.0.0.1", False, False),
        ("::1", False, False),
        ("::ffff:127.0.0.1", False, False),
        ("64:ff9b::7f00:1", False, False),
        ("169.254.169.254", False, False),
        ("::ffff:169.254.169.254", False, False),
        ("fe80::1%eth0", False, False),
        ("0.0.0.0", False, False),  # noqa: S104 nothing is bound to it
        ("::", False, False),
        ("224.0.0.1", False, False),
        ("ff0e::1", False, False),
        ("255.255.255.255", False, False),
    ],
)
@pytest.mark.asvs("1.3.6", "15.3.2")
def test_a_name_may_lead_to_the_internet_alone(address: str, *, is_public: bool, is_private: bool) -> None:
    """In whatever form; a private network must be asked for, and this machine or a cloud's own service stay shut."""
    assert may_reach(address, NAMED, private=False) is is_public
    assert may_reach(address, NAMED, private=True) is is_private


def test_what_is_called_this_machine_is_this_machine() -> None:
    """Whatever a hosts file says."""
    local = read_receiver("http://localhost:9000/in")

    assert may_reach("127.0.0.1", local, private=False)
    assert not may_reach("8.8.8.8", local, private=True)


@pytest.mark.asvs("1.3.6")
def test_a_name_that_leads_inside_reaches_nobody(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """Though somebody listens there."""
    point_to(monkeypatch, ["127.0.0.1", "10.0.0.1"])
    named = read_receiver(f"https://hooks.example.com:{receiver.port}/in")
    with pytest.raises(ServerAway, match="not on the internet"):
        Post(named, ssl.create_default_context(), private=True).send_to_receiver({}, BODY)

    assert receiver.asked == []


def point_to(monkeypatch: pytest.MonkeyPatch, answers: list[str]) -> list[str]:
    """Let names lead there, one answer after the other, and return the list of what is asked."""
    resolve, asked = socket.getaddrinfo, []

    def answer(host: str, port: int, *arguments: Any, **options: Any) -> Any:
        if not host[0].isdigit():
            asked.append(host)
            host = answers[min(len(asked), len(answers)) - 1]
        return resolve(host, port, *arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    return asked


@pytest.mark.asvs("1.3.6")
def test_the_address_that_was_looked_at_is_the_one_that_is_used(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name is asked for once: a second answer, which nobody looked at, would lead elsewhere."""
    asked = point_to(monkeypatch, ["127.0.0.1", "8.8.8.8"])
    headers = {"webhook-id": "1", "webhook-timestamp": "2"}
    headers["webhook-signature"] = sign([receiver.secret], "1", 2, BODY)
    local = read_receiver(f"http://localhost:{receiver.port}/in")
    Post(local, ssl.create_default_context(), private=False).send_to_receiver(headers, BODY)

    assert (asked, receiver.types) == (["localhost"], ["account.enabled"])


@pytest.mark.asvs("12.3.1", "12.3.2")
def test_whose_certificate_nobody_vouches_for_gets_nothing(
    receiver: Receiver, smtp_certificate: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that is vouched for does, over TLS."""
    receiver.stop()
    receiver.start(smtp_certificate)
    headers = {"webhook-id": "1", "webhook-timestamp": "2"}
    headers["webhook-signature"] = sign([receiver.secret], "1", 2, BODY)
    there = read_receiver(receiver.settings["webhook_url"])
    Post(there, ssl.create_default_context(), private=False).send_to_receiver(headers, BODY)
    monkeypatch.delenv("SSL_CERT_FILE")
    with pytest.raises(ServerAway, match="SSLCertVerificationError"):
        Post(there, ssl.create_default_context(), private=False).send_to_receiver(headers, BODY)

    assert receiver.types == ["account.enabled"]


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example.com/in",
        "http://10.0.0.1/in",
        "ftp://hooks.example.com/in",
        "hooks.example.com/in",
        "https:///in",
        "https://user:password@hooks.example.com/in",
        "https://hooks.example.com:port/in",
        "https://hooks.example.com/in#there",
        "https://hooks.example.com/in\r\nX: y",
        "https://bücher.example/in",
    ],
)
def test_other_addresses_are_refused_at_the_start(load: Load, url: str) -> None:
    """In words that repeat none of it."""
    with pytest.raises(ConfigurationError, match="WEBHOOK_URL must be an https address") as refusal:
        load(url, PUBLISHED)

    assert "/in" not in str(refusal.value)


@pytest.mark.parametrize(
    ("secret", "said"),
    [
        ("", "WEBHOOK_SECRET is missing"),
        ("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "WEBHOOK_SECRET must be whsec_"),
        ("whsec_c2hvcnQ=", "WEBHOOK_SECRET must be whsec_"),
        (f"whsec_{'A' * 88}", "WEBHOOK_SECRET must be whsec_"),
        ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS", "WEBHOOK_SECRET must be whsec_"),
        (f"{PUBLISHED},whsec_é", "WEBHOOK_SECRET must be whsec_"),
    ],
)
def test_a_secret_is_the_standards(load: Load, secret: str, said: str) -> None:
    """Base64 of 24 to 64 bytes, so that every library takes it."""
    with pytest.raises(ConfigurationError, match=said):
        load("https://hooks.example.com/in", secret)


@pytest.mark.asvs("13.2.3")
def test_production_refuses_a_weak_secret(load: Load) -> None:
    """Whoever guesses it tells the receiver anything."""
    production = {"environment": "production", "argon2_time_cost": 2, "argon2_memory_kib": 19456}
    with pytest.raises(ConfigurationError, match="WEBHOOK_SECRET looks like a sample"):
        load("https://hooks.example.com/in", PUBLISHED, **production)
    with pytest.raises(ConfigurationError, match="WEBHOOK_SECRET repeats"):
        load("https://hooks.example.com/in", f"whsec_{base64.b64encode(b'ab' * 16).decode()}", **production)
    strong = f"whsec_{base64.b64encode(STRONG.encode()).decode()}"

    assert load("https://hooks.example.com/in", strong, **production).webhook_private_network is False
