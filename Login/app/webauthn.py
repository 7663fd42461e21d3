"""Passkeys as the standard has them (WebAuthn level 3): options for browsers, and what comes back, verified.

Values in, values out; the library reads CBOR and COSE, the steps of the standard's sections 7.1 and 7.2 stand here.
No attestation: which make of key somebody has is not our business.
"""

import hashlib
import hmac
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, TypeVar

from cryptography.exceptions import InvalidSignature
from fido2 import cbor
from fido2.cose import ES256, RS256, CoseKey, EdDSA
from fido2.utils import websafe_decode, websafe_encode
from fido2.webauthn import AuthenticationResponse, AuthenticatorData, CollectedClientData, RegistrationResponse

from app.settings.relying_party import RelyingParty

Verification: TypeAlias = Literal["required", "preferred", "discouraged"]
Json: TypeAlias = dict[str, Any]
Parsed = TypeVar("Parsed")

TIMEOUT = 5 * 60 * 1000  # milliseconds, for the person; as long as a challenge is kept
ALGORITHMS = (ES256.ALGORITHM, EdDSA.ALGORITHM, RS256.ALGORITHM)  # in the order of our preference
CREDENTIAL_ID_MAX = 1023  # bytes
PUBLIC_KEY_MAX = 1024  # bytes: an RSA key of 4096 bits has half of it, and the time that a bigger one takes has a bound
MODULUS_MIN = 256  # bytes
TRANSPORTS = {"ble", "hybrid", "internal", "nfc", "smart-card", "usb"}
FLAG = AuthenticatorData.FLAG


class InvalidResponse(Exception):
    """What came is no answer to the challenge; `reason` names the step that it failed at."""

    def __init__(self, reason: str) -> None:
        """Take the reason, for the log."""
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Key:
    """A credential as it was registered: what it is called, and what verifies its answers."""

    credential_id: bytes
    public_key: bytes
    synced: bool = False  # it may be on several devices: the standard's "backup eligible"
    transports: tuple[str, ...] = ()
    sign_count: int = 0
    backed_up: bool = False


@dataclass(frozen=True)
class Answer:
    """A verified assertion."""

    sign_count: int
    backed_up: bool
    is_user_verified: bool
    user_handle: str | None


def make_challenge() -> bytes:
    """Make 256 random bits."""
    return secrets.token_bytes(32)


def make_creation_options(
    party: RelyingParty, challenge: bytes, handle: str, names: tuple[str, str], existing: Iterable[Key]
) -> Json:
    """Ask for a new key: one that a sign-in can find by itself and that verifies its owner, where it can."""
    name, display_name = names
    return {
        "rp": {"id": party.id, "name": party.name},
        "user": {"id": websafe_encode(handle.encode()), "name": name, "displayName": display_name},
        "challenge": websafe_encode(challenge),
        "pubKeyCredParams": [{"type": "public-key", "alg": algorithm} for algorithm in ALGORITHMS],
        "timeout": TIMEOUT,
        "excludeCredentials": [_describe(key) for key in existing],
        "authenticatorSelection": {"residentKey": "preferred", "userVerification": "preferred"},
        "attestation": "none",
        "extensions": {"credProps": True},
    }


def make_request_options(
    party: RelyingParty, challenge: bytes, keys: Iterable[Key] | None, verification: Verification
) -> Json:
    """Ask for an answer of one of the keys, or of whichever the person has here."""
    options: Json = {
        "challenge": websafe_encode(challenge),
        "rpId": party.id,
        "timeout": TIMEOUT,
        "userVerification": verification,
    }
    if keys is not None:
        options["allowCredentials"] = [_describe(key) for key in keys]
    return options


def encode_id(credential_id: bytes) -> str:
    """Write a credential's id as browsers do."""
    return websafe_encode(credential_id)


def read_id(credential: Mapping[str, Any]) -> bytes:
    """Return which credential answers."""
    return _parse(lambda: websafe_decode(credential["rawId"]))


def verify_registration(party: RelyingParty, challenge: bytes, credential: Mapping[str, Any]) -> Key:
    """Return the key of a registration (section 7.1), or raise InvalidResponse."""
    came = _parse(lambda: RegistrationResponse.from_dict(credential))
    data = _parse(lambda: came.response.attestation_object.auth_data)
    _verify_common(party, challenge, came.response.client_data, data, "webauthn.create")
    made = data.credential_data
    if made is None:
        raise InvalidResponse("no_key")
    key = Key(
        credential_id=made.credential_id,
        public_key=_parse(lambda: cbor.encode(made.public_key)),
        synced=data.is_backup_eligible(),
        transports=_read_transports(credential),
        sign_count=data.counter,
        backed_up=data.is_backed_up(),
    )
    _require(came.type == "public-key" and came.raw_id == key.credential_id, "credential")
    _require(0 < len(key.credential_id) <= CREDENTIAL_ID_MAX and len(key.public_key) <= PUBLIC_KEY_MAX, "size")
    _require_usable(made.public_key)
    return key


def verify_assertion(
    party: RelyingParty, challenge: bytes, credential: Mapping[str, Any], key: Key, *, need_verification: bool
) -> Answer:
    """Return what a key's answer says (section 7.2), or raise InvalidResponse.

    What its counter says is left to the caller: it is a sign, not a proof.
    """
    came = _parse(lambda: AuthenticationResponse.from_dict(credential))
    data, client = came.response.authenticator_data, came.response.client_data
    _verify_common(party, challenge, client, data, "webauthn.get")
    _require(came.type == "public-key" and came.raw_id == key.credential_id, "credential")
    _require(data.is_user_verified() or not need_verification, "user_verification")
    _require(data.is_backup_eligible() == key.synced, "backup_eligibility")
    _verify_signature(key, data + client.hash, came.response.signature)
    handle = came.response.user_handle
    return Answer(
        sign_count=data.counter,
        backed_up=data.is_backed_up(),
        is_user_verified=data.is_user_verified(),
        user_handle=None if handle is None else handle.decode(errors="replace"),
    )


def _verify_common(
    party: RelyingParty, challenge: bytes, client: CollectedClientData, data: AuthenticatorData, kind: str
) -> None:
    """Take the steps that both ceremonies share."""
    _require(client.type == kind, "type")
    _require(hmac.compare_digest(client.challenge, challenge), "challenge")
    _require(client.origin in party.origins, "origin")
    _require(not client.cross_origin, "cross_origin")  # none of our pages stands in another one's frame
    _require(hmac.compare_digest(data.rp_id_hash, hashlib.sha256(party.id.encode()).digest()), "rp_id")
    _require(data.is_user_present(), "user_presence")
    _require(data.is_backup_eligible() or not data.is_backed_up(), "backup_state")


def _verify_signature(key: Key, signed: bytes, signature: bytes) -> None:
    public_key = _parse(lambda: CoseKey.parse(cbor.decode(key.public_key)))  # type: ignore[arg-type]  # a map, once
    try:
        public_key.verify(signed, signature)
    except InvalidSignature:
        raise InvalidResponse("signature") from None


def _require_usable(public_key: CoseKey) -> None:
    """Refuse now what is no key of its algorithm, not at the first sign-in: a good one finds this signature wrong."""
    _require(public_key.get(3) in ALGORITHMS, "algorithm")
    try:
        is_strong = public_key[3] != RS256.ALGORITHM or len(public_key[-1]) >= MODULUS_MIN
        public_key.verify(b"", b"")
    except InvalidSignature:
        _require(is_strong, "public_key")
        return
    except Exception as error:
        raise InvalidResponse("public_key") from error
    raise InvalidResponse("public_key")


def _parse(read: Callable[[], Parsed]) -> Parsed:
    """Read what a stranger sent; the library raises far more than ValueError: KeyError, TypeError, RecursionError."""
    try:
        return read()
    except Exception as error:
        raise InvalidResponse("malformed") from error


def _require(holds: bool, reason: str) -> None:
    if not holds:
        raise InvalidResponse(reason)


def _read_transports(credential: Mapping[str, Any]) -> tuple[str, ...]:
    """Return how the key says it is reached: a hint for the browser, so what we do not know is left out."""
    said = credential["response"].get("transports")
    return tuple(sorted({one for one in said if isinstance(one, str)} & TRANSPORTS)) if isinstance(said, list) else ()


def _describe(key: Key) -> Json:
    known: Json = {"transports": list(key.transports)} if key.transports else {}
    return {"type": "public-key", "id": encode_id(key.credential_id), **known}
