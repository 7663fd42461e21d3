"""The standard's own examples, and every single thing that can be wrong with an answer."""

import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from fido2.cose import ES256, RS256, CoseKey, EdDSA
from fido2.utils import websafe_encode

from app import webauthn
from app.crud import passkeys
from app.settings.relying_party import RelyingParty, find_relying_party
from app.webauthn import InvalidResponse, Key
from testing.authenticator import BS, ORIGIN, UP, UV, Authenticator, Json

VECTORS: dict[str, Any] = json.loads(Path("testing/webauthn_vectors.json").read_text(encoding="utf-8"))["vectors"]
W3C = RelyingParty("example.org", "Example", ("https://example.org",))
PARTY = find_relying_party("http://127.0.0.1:5000", "Pupero", ())
CHALLENGE = b"c" * 32
GOOD = [
    *("none-es256", "packed-self-es256", "none-es256-long-credential-id"),
    *("packed-rs256", "packed-eddsa", "fido-u2f-es256"),
]
UNKNOWN = ["packed-es384", "packed-ed448"]
FRAMED = ["none-es256-crossOrigin", "none-es256-topOrigin"]


def as_json(vector: dict[str, str], credential_id: str) -> Json:
    """Put the bytes of an example into what a browser's toJSON() gives."""
    name = websafe_encode(bytes.fromhex(credential_id))
    parts = {
        part: websafe_encode(bytes.fromhex(value))
        for part, value in vector.items()
        if part not in {"challenge", "credential_id"}
    }
    return {"id": name, "rawId": name, "type": "public-key", "response": parts, "clientExtensionResults": {}}


def register_vector(name: str) -> Key:
    """Verify the registration of one of the standard's examples."""
    vector = VECTORS[name]["registration"]
    credential = as_json(vector, vector["credential_id"])
    return webauthn.verify_registration(W3C, bytes.fromhex(vector["challenge"]), credential)


@pytest.mark.parametrize("name", GOOD)
def test_the_examples_of_the_standard_verify(name: str) -> None:
    """Each algorithm of ours, with whatever attestation: we ask for none, and look at none."""
    key, vector = register_vector(name), VECTORS[name]["authentication"]
    credential = as_json(vector, VECTORS[name]["registration"]["credential_id"])
    answer = webauthn.verify_assertion(
        W3C, bytes.fromhex(vector["challenge"]), credential, key, need_verification=False
    )

    assert key.credential_id.hex() == VECTORS[name]["registration"]["credential_id"]
    assert answer.sign_count >= 0


@pytest.mark.parametrize("name", UNKNOWN)
def test_algorithms_that_we_did_not_ask_for_are_refused(name: str) -> None:
    """A browser cannot bring along another one than we offered."""
    with pytest.raises(InvalidResponse, match="algorithm"):
        register_vector(name)


@pytest.mark.parametrize("name", FRAMED)
def test_the_examples_from_another_sites_frame_are_refused(name: str) -> None:
    """None of our pages stands in a frame, so nobody is asked in one."""
    with pytest.raises(InvalidResponse, match="cross_origin"):
        register_vector(name)


@pytest.mark.parametrize("name", GOOD)
@pytest.mark.parametrize("part", ["authenticatorData", "clientDataJSON", "signature"])
def test_one_bit_of_an_example_is_enough(name: str, part: str) -> None:
    """Whatever was altered on its way verifies no more."""
    key, vector = register_vector(name), dict(VECTORS[name]["authentication"])
    altered = bytearray.fromhex(vector[part])
    altered[-1] ^= 1
    vector[part] = altered.hex()
    credential = as_json(vector, VECTORS[name]["registration"]["credential_id"])

    with pytest.raises(InvalidResponse):
        webauthn.verify_assertion(W3C, bytes.fromhex(vector["challenge"]), credential, key, need_verification=False)


def create(device: Authenticator, **wrong: Any) -> Key:
    """Register on our own authenticator."""
    options = webauthn.make_creation_options(PARTY, CHALLENGE, "somebody", ("a@example.com", "a"), [])
    return webauthn.verify_registration(PARTY, CHALLENGE, device.create(options, **wrong))


def get(device: Authenticator, key: Key, *, need_verification: bool = True, **wrong: Any) -> webauthn.Answer:
    """Answer with our own authenticator."""
    options = webauthn.make_request_options(PARTY, CHALLENGE, [key], "required")
    credential = device.get(options, **wrong)
    return webauthn.verify_assertion(PARTY, CHALLENGE, credential, key, need_verification=need_verification)


@pytest.mark.parametrize("algorithm", [ES256.ALGORITHM, EdDSA.ALGORITHM, RS256.ALGORITHM])
def test_our_authenticator_speaks_every_algorithm(algorithm: int) -> None:
    """What the other tests stand on."""
    device = Authenticator(algorithm=algorithm)
    key = create(device)

    assert (key.synced, key.backed_up, key.transports) == (True, True, ("hybrid", "internal"))
    assert get(device, key).user_handle == "somebody"


WRONG_IN_BOTH = {
    "type": {"type": "webauthn.other"},
    "challenge": {"challenge": websafe_encode(b"d" * 32)},
    "origin": {"origin": "https://localhost:5000"},
    "cross_origin": {"cross_origin": True},
    "rp_id": {"rp_id": "example.com"},
    "user_presence": {"flags": UV},
    "backup_state": {"flags": UP | UV | BS},
}


@pytest.mark.asvs("6.7.2", "6.5.1")
@pytest.mark.parametrize(("reason", "wrong"), WRONG_IN_BOTH.items())
def test_each_step_of_a_registration_is_taken(reason: str, wrong: Json) -> None:
    """Another site, challenge, domain or kind of answer registers nothing."""
    with pytest.raises(InvalidResponse, match=f"^{reason}$"):
        create(Authenticator(), **wrong)


@pytest.mark.asvs("6.7.2", "6.5.1")
@pytest.mark.parametrize(
    ("reason", "wrong"),
    [*WRONG_IN_BOTH.items(), ("user_verification", {"flags": UP}), ("signature", {"signature": b"no"})],
)
def test_each_step_of_a_sign_in_is_taken(reason: str, wrong: Json) -> None:
    """Nor does it sign anybody in."""
    device = Authenticator()
    key = create(device)

    with pytest.raises(InvalidResponse, match=f"^{reason}$"):
        get(device, key, **wrong)


def test_a_synced_key_does_not_become_a_bound_one() -> None:
    """Whether it may be copied is part of what was registered."""
    device = Authenticator()
    key = create(device)
    device.synced = False

    with pytest.raises(InvalidResponse, match="backup_eligibility"):
        get(device, key)


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://localhost:5000.evil.example", [ORIGIN], None]
)
def test_only_our_own_origins_are_taken(origin: object) -> None:
    """The text is compared, whole."""
    with pytest.raises(InvalidResponse):
        create(Authenticator(), origin=origin)


NO_KEYS: list[dict[int, Any]] = [
    {1: 2, 3: -7, -1: 1, -2: b"x" * 32, -3: b"y" * 32},  # not on the curve
    {1: 2, 3: -7, -1: 2, -2: b"x" * 48, -3: b"y" * 48},  # another curve
    {1: 3, 3: -257, -1: b"\x01" * 64, -2: b"\x01\x00\x01"},  # too short
    {1: 3, 3: -257, -1: b"\xff" * 2048, -2: b"\x01\x00\x01"},  # too long
    {1: 1, 3: -8, -1: 6, -2: b"short"},
    {1: 2, 3: -65535, -1: b"n", -2: b"e"},  # RS1, that is SHA-1
    {3: -7},
    {1: 2},
]


@pytest.mark.asvs("11.2.1")
@pytest.mark.parametrize("public_key", NO_KEYS, ids=str)
def test_what_is_no_good_key_is_refused_at_once(public_key: dict[int, Any]) -> None:
    """Else the account would have a factor that nobody can ever use."""
    with pytest.raises(InvalidResponse):
        create(Authenticator(), public_key=public_key)


@pytest.mark.parametrize(
    "credential",
    [
        {},
        {"rawId": 1, "response": {}},
        {"rawId": "é", "id": "é", "response": {"clientDataJSON": "e30", "attestationObject": "oA"}},
        {"rawId": "YQ", "id": "YQ", "response": {"clientDataJSON": "e30", "attestationObject": "gYGBgYGBgQ"}},
        {"rawId": "YQ", "id": "YQ", "response": {"clientDataJSON": "W10", "attestationObject": "n" * 60000}},
        {"rawId": "YQ", "id": "YQ", "response": {"clientDataJSON": "e30", "attestationObject": "gYGB" * 10000}},
        {"rawId": "YQ", "id": "YQ", "response": None},
    ],
    ids=["empty", "number", "letters", "no_map", "list", "deep", "no_response"],
)
def test_nonsense_is_refused_and_nothing_breaks(credential: Json) -> None:
    """Depth, lengths and types are the sender's; the parser's errors are ours."""
    for verify in (
        lambda: webauthn.verify_registration(PARTY, CHALLENGE, credential),
        lambda: webauthn.verify_assertion(PARTY, CHALLENGE, credential, Key(b"", b""), need_verification=False),
    ):
        with pytest.raises(InvalidResponse):
            verify()


def test_the_options_ask_for_what_we_verify() -> None:
    """Algorithms, no attestation, the random id as the handle, keys that are there already left out."""
    existing = [Key(b"one", b"", transports=("usb",))]
    options = webauthn.make_creation_options(PARTY, CHALLENGE, "random-id", ("a@example.com", "alice"), existing)

    assert options["rp"] == {"id": "localhost", "name": "Pupero"}
    assert options["user"] == {"id": websafe_encode(b"random-id"), "name": "a@example.com", "displayName": "alice"}
    assert [one["alg"] for one in options["pubKeyCredParams"]] == [-7, -8, -257]
    assert options["attestation"] == "none"
    assert options["excludeCredentials"] == [{"type": "public-key", "id": "b25l", "transports": ["usb"]}]
    assert options["timeout"] == passkeys.CEREMONY_LIFETIME.total_seconds() * 1000


@pytest.mark.parametrize(
    ("public_url", "domain", "origin"),
    [
        ("http://127.0.0.1:5000", "localhost", "http://localhost:5000"),
        ("http://localhost:5000/auth", "localhost", "http://localhost:5000"),
        ("https://Accounts.Example.com", "accounts.example.com", "https://accounts.example.com"),
        ("https://accounts.example.com:443/a", "accounts.example.com", "https://accounts.example.com"),
        ("https://accounts.example.com:8443", "accounts.example.com", "https://accounts.example.com:8443"),
        ("https://bücher.example", "xn--bcher-kva.example", "https://xn--bcher-kva.example"),
    ],
)
def test_the_domain_is_that_of_the_pages(public_url: str, domain: str, origin: str) -> None:
    """As browsers write it; and browsers know no passkeys on an IP address."""
    party = find_relying_party(public_url, "Pupero", ())

    assert (party.id, party.origins) == (domain, (origin,))


def test_a_key_of_another_curve_verifies_nothing() -> None:
    """What was stored is what counts, whatever comes."""
    device = Authenticator()
    key = create(device)
    other = CoseKey(ES256.from_cryptography_key(ec.generate_private_key(ec.SECP256R1()).public_key()))
    swapped = Key(key.credential_id, webauthn.cbor.encode(other), synced=True)

    with pytest.raises(InvalidResponse, match="signature"):
        get(device, swapped)
