"""A browser with an authenticator in software: real keys and signatures, and every way to get an answer wrong."""

import hashlib
import json
import secrets
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from fido2 import cbor
from fido2.cose import ES256, RS256, CoseKey, EdDSA
from fido2.utils import websafe_decode, websafe_encode

Json = dict[str, Any]
PrivateKey = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey

UP, UV, BE, BS, AT = 0x01, 0x04, 0x08, 0x10, 0x40
ORIGIN = "http://localhost:5000"  # of the pages, by default


@dataclass
class Credential:
    """A key pair on the authenticator, for one account at one domain."""

    private_key: PrivateKey
    rp_id: str
    user_handle: str
    id: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    sign_count: int = 0

    @property
    def public_key(self) -> CoseKey:
        """Return its public half as authenticators write it."""
        kinds: Mapping[type, type[CoseKey]] = {
            ec.EllipticCurvePrivateKey: ES256,
            ed25519.Ed25519PrivateKey: EdDSA,
            rsa.RSAPrivateKey: RS256,
        }
        kind = next(cose for key, cose in kinds.items() if isinstance(self.private_key, key))
        return kind.from_cryptography_key(self.private_key.public_key())

    def sign(self, message: bytes) -> bytes:
        """Sign."""
        if isinstance(self.private_key, ec.EllipticCurvePrivateKey):
            return self.private_key.sign(message, ec.ECDSA(hashes.SHA256()))
        if isinstance(self.private_key, rsa.RSAPrivateKey):
            return self.private_key.sign(message, padding.PKCS1v15(), hashes.SHA256())
        return self.private_key.sign(message)


def make_private_key(algorithm: int) -> PrivateKey:
    """Make a key for ES256, EdDSA or RS256."""
    if algorithm == RS256.ALGORITHM:
        return rsa.generate_private_key(65537, 2048)
    return (
        ed25519.Ed25519PrivateKey.generate()
        if algorithm == EdDSA.ALGORITHM
        else ec.generate_private_key(ec.SECP256R1())
    )


@dataclass
class Authenticator:
    """What a person holds: synced or bound to this device, counting or not, verifying or not, of one browser."""

    synced: bool = True
    verifies: bool = True
    counts: bool = False
    algorithm: int = ES256.ALGORITHM
    origin: str = ORIGIN
    credentials: list[Credential] = field(default_factory=list)

    def create(self, options: Json, **wrong: Any) -> Json:
        """Answer `navigator.credentials.create()`; what is `wrong` replaces a part of the answer."""
        private_key = make_private_key(self.algorithm)
        handle = websafe_decode(options["user"]["id"]).decode()
        credential = Credential(private_key, options["rp"]["id"], handle)
        self.credentials.append(credential)
        client = self._client_data("webauthn.create", options, wrong)
        name, public_key = wrong.get("id", credential.id), wrong.get("public_key", credential.public_key)
        made = struct.pack(">16sH", b"", len(name)) + name + cbor.encode(public_key)
        data = self._data(credential, AT, wrong) + made
        attestation = cbor.encode({"fmt": "none", "attStmt": {}, "authData": data})
        response = {"attestationObject": websafe_encode(attestation), "transports": ["internal", "hybrid"]}
        return self._answer(name, client, response)

    def get(self, options: Json, **wrong: Any) -> Json:
        """Answer `navigator.credentials.get()` with a key that the options allow, or the one that is `wrong`."""
        credential: Credential = wrong.get("credential") or self._choose(options)
        if self.counts:
            credential.sign_count += 1
        client = self._client_data("webauthn.get", options, wrong)
        data = self._data(credential, 0, wrong)
        signature = credential.sign(data + hashlib.sha256(client).digest())
        response = {
            "authenticatorData": websafe_encode(data),
            "signature": websafe_encode(wrong.get("signature", signature)),
            "userHandle": websafe_encode(wrong.get("user_handle", credential.user_handle).encode()),
        }
        return self._answer(credential.id, client, response)

    def _choose(self, options: Json) -> Credential:
        mine = [one for one in self.credentials if one.rp_id == options["rpId"]]
        if "allowCredentials" in options:
            allowed = {websafe_decode(one["id"]) for one in options["allowCredentials"]}
            mine = [one for one in mine if one.id in allowed]
        return mine[-1]

    def _client_data(self, kind: str, options: Json, wrong: Json) -> bytes:
        said = {
            "type": wrong.get("type", kind),
            "challenge": wrong.get("challenge", options["challenge"]),
            "origin": wrong.get("origin", self.origin),
            "crossOrigin": wrong.get("cross_origin", False),
        }
        return json.dumps(said).encode()

    def _data(self, credential: Credential, flags: int, wrong: Json) -> bytes:
        flags |= UP | (UV if self.verifies else 0) | (BE | BS if self.synced else 0)
        domain = hashlib.sha256(wrong.get("rp_id", credential.rp_id).encode()).digest()
        return struct.pack(
            ">32sBI", domain, wrong.get("flags", flags) | (flags & AT), wrong.get("sign_count", credential.sign_count)
        )

    @staticmethod
    def _answer(credential_id: bytes, client: bytes, response: Json) -> Json:
        name = websafe_encode(credential_id)
        return {
            "id": name,
            "rawId": name,
            "type": "public-key",
            "response": {"clientDataJSON": websafe_encode(client), **response},
            "clientExtensionResults": {},
        }
