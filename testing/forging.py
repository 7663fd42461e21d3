"""Tokens as a forger makes them: any header, any claims, any key, any damage."""

import hashlib
import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from typing import Any

# Signing keys from tutorials, books, RFCs and sample configurations: whoever copies one signs for everybody.
PUBLISHED_SECRETS = [
    "",
    "secret",
    "secretkey",
    "secret-key",
    "SECRET_KEY",
    "my_secret_key",
    "mysecretkey",
    "supersecret",
    "super-secret",
    "your_secret_key",
    "your-256-bit-secret",
    "your-384-bit-secret",
    "your-512-bit-secret",
    "a-string-secret-at-least-256-bits-long",
    "a-valid-string-secret-that-is-at-least-512-bits-long-which-is-very-long",
    "your-super-secret-jwt-token-with-at-least-32-characters-long",
    "please-change-me",
    "change-me",
    "changeme",
    "changethis",
    "changeit",
    "dev",
    "development",
    "test",
    "key",
    "password",
    "qwertyuiopasdfghjklzxcvbnm123456",
    "00000000000000000000000000000000",
    "0123456789abcdef0123456789abcdef",
    "keyboard cat",
    "shhhhh",
    "hard to guess string",
    "you-will-never-guess",
    "jwt_secret",
    "bezKoderSecretKey",
    "======================BezKoder=Spring===========================",
    "09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7",
    "192b9bdd22ab9ed4d12e236c78afcb9a393ec15f71bbf5dc987d54727823bcbf",
    "3cfa76ef14937c1c0ea519f8fc057a80fcd04a7420f8e8bcd0a7567c272e007b",
    "9a4f2c8d3b7a1e6f45c8a0b3f267d8b1d4e6f3c8a9d2b5f8e3a9c8b5f6v8a3d9",
    "37c304f8-51aa-419a-a1af-06154e63707a",
    "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow",
    "hJtXIZ2uSN5kbQfbtTNWbpdmhkV8FJG-Onbc6mxCcYg",
    "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    "404E635266556A586E3272357538782F413F4428472B4B6250645367566B5970",
    "357638792F423F4528482B4D6251655468576D5A7133743677397A2443264629",
    "5367566B59703373367639792F423F4528482B4D6251655468576D5A71347437",
    "413F4428472B4B6250655368566D5970337336763979244226452948404D6351",
    "THIS IS USED TO SIGN AND VERIFY JWT TOKENS, REPLACE IT WITH YOUR OWN SECRET, IT CAN BE ANY STRING",
]


def encode(raw: bytes) -> str:
    """Write bytes as base64url without padding."""
    return urlsafe_b64encode(raw).decode().rstrip("=")


def decode(part: str) -> Any:
    """Read one part of a token as JSON."""
    return json.loads(urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def part(value: object) -> str:
    """Write JSON (bytes are taken as they are) as one part of a token."""
    return encode(value if isinstance(value, bytes) else json.dumps(value).encode())


def mac(signing_input: str, key: bytes, digest: str = "sha256") -> str:
    """Sign the first two parts."""
    return encode(hmac.new(key, signing_input.encode(), getattr(hashlib, digest)).digest())


def forge(header: object, claims: object, key: bytes, digest: str = "sha256") -> str:
    """Make a token of any header and claims, signed with any key."""
    signing_input = f"{part(header)}.{part(claims)}"
    return f"{signing_input}.{mac(signing_input, key, digest)}"


def without(members: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Leave one member out."""
    return {key: value for key, value in members.items() if key != name}
