"""Forged tokens, each at every place that takes a token: RFC 8725 and the attacks it answers."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from shutil import copyfile
from typing import Any

import pytest
from sqlalchemy import make_url
from starlette.testclient import TestClient

from app.config import Settings
from app.main import create_app
from app.secrets.keys import make_keyrings
from testing.api import CHEAP_ARGON2, PASSWORD, enable_totp, register, sign_in
from testing.forging import decode, encode, forge, mac, part, without

KINDS = ["access", "refresh", "login"]
KEY = "b5tnRkWq-8mYzJd2LxHvC7sPgEa0UuFo"
PRESENTED_MAX = 8192  # characters; a longer one is refused as a body before it is looked at as a token


@dataclass
class Victim:
    """An API with somebody signed in, and one good token of each kind."""

    http: TestClient
    tokens: dict[str, str]

    def present(self, kind: str, token: str) -> Any:
        """Bring a token to the place for its kind."""
        if kind == "access":
            return self.http.get("/user/profile", headers={"Authorization": b"Bearer " + token.encode()})
        if kind == "refresh":
            return self.http.post("/refresh", json={"refresh_token": token})
        return self.http.post("/login", json={"login_token": token, "totp": "000000"})


@dataclass
class Forger:
    """Somebody with one good token who, at worst, knows the key."""

    token: str
    key: bytes

    @property
    def parts(self) -> list[str]:
        """Split the good token."""
        return self.token.split(".")

    @property
    def header(self) -> dict[str, Any]:
        """Read its header."""
        return dict(decode(self.parts[0]))

    @property
    def claims(self) -> dict[str, Any]:
        """Read its claims."""
        return dict(decode(self.parts[1]))

    def sign(self, header: object = None, claims: object = None, digest: str = "sha256") -> str:
        """Sign with the right key."""
        return forge(header or self.header, claims or self.claims, self.key, digest)

    def head(self, **members: object) -> str:
        """Add members to the header and sign with the right key."""
        return self.sign(self.header | members)

    def unsigned(self, algorithm: object, signature: str = "") -> str:
        """Name another algorithm, with no signature or any."""
        return f"{part(self.header | {'alg': algorithm})}.{self.parts[1]}.{signature}"


@pytest.fixture(scope="module")
def victim(migrated_sqlite: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Victim]:
    """Give the victim: one for all forgeries, as none may have any effect."""
    database = tmp_path_factory.mktemp("forgeries") / "victim.sqlite3"
    copyfile(make_url(migrated_sqlite).database or "", database)
    url = f"sqlite:///{Path(database).as_posix()}"
    changes = {"jwt_secret_key": KEY, "rate_limits_enabled": False, **CHEAP_ARGON2}
    settings = Settings(_env_file=None, database_url=url, **changes)
    with TestClient(create_app(settings), client=("127.0.0.1", 50000), raise_server_exceptions=False) as http:
        user = enable_totp(sign_in(http, register(http)))
        first = http.post("/login", json={"username": "alice", "password": PASSWORD}).json()
        yield Victim(http, {"access": user.access_token, "refresh": user.refresh_token, "login": first["login_token"]})


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    """Give each kind of token in turn."""
    return str(request.param)


@pytest.fixture
def forger(victim: Victim, kind: str) -> Forger:
    """Give a forger of this kind of token."""
    rings = make_keyrings([KEY], [])
    ring = rings.login if kind == "login" else rings.tokens
    return Forger(victim.tokens[kind], ring[0].secret)


def assert_refused(victim: Victim, kind: str, token: str) -> None:
    """Insist on the refusal for this place, and that the good token has lost nothing."""
    answer = victim.present(kind, token)
    if len(token) > PRESENTED_MAX:
        assert answer.status_code in ({431} if kind == "access" else {413, 422})
    elif kind == "login":
        assert (answer.status_code, answer.json()["code"]) == (400, "login_token_invalid")
    else:
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert victim.present("access", victim.tokens["access"]).status_code == 200


def nested(f: Forger) -> str:
    """Make a header of 1500 brackets, which exhausts a recursive parser."""
    return f"{encode(b'[' * 1500)}.{f.parts[1]}.{f.parts[2]}"


def last_character(f: Forger) -> str:
    """Set the two bits of the last character that a lenient decoder throws away."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return f.token[:-1] + alphabet[alphabet.index(f.token[-1]) + 1]


def first_character(f: Forger) -> str:
    """Change the signature's first character."""
    signature = f.parts[2]
    return f"{f.parts[0]}.{f.parts[1]}.{'_-'[signature[0] == '_']}{signature[1:]}"


def resigned(f: Forger, header: bytes) -> str:
    """Put exactly these bytes in place of the header and sign with the right key."""
    signing_input = f"{encode(header)}.{f.parts[1]}"
    return f"{signing_input}.{mac(signing_input, f.key)}"


def in_ten_years(f: Forger, *claims: str) -> str:
    """Move moments of the claims by ten years, and sign with the right key."""
    return f.sign(claims=f.claims | {claim: f.claims[claim] + 10 * 365 * 86_400 for claim in claims})


URL = "http://127.0.0.1:9/keys.json"
TWICE = b'{"alg":"none","alg":"HS256"}'
OWN_KEY = {"kty": "oct", "alg": "HS256", "k": encode(b"x" * 32)}

FORGERIES: dict[str, Callable[[Forger], str]] = {
    **{
        f"alg {name!r}{' signed' if keep else ''}": (lambda f, n=name, k=keep: f.unsigned(n, f.parts[2] if k else ""))
        for name in ("none", "None", "NONE", "nOnE", "", None)
        for keep in (False, True)
    },
    "none without a last dot": lambda f: f.unsigned("none")[:-1],
    "no signature": lambda f: f"{f.parts[0]}.{f.parts[1]}.",
    "signature and its dot gone": lambda f: f"{f.parts[0]}.{f.parts[1]}",
    "HS384 by the right key": lambda f: f.sign(f.header | {"alg": "HS384"}, digest="sha384"),
    "HS512 by the right key": lambda f: f.sign(f.header | {"alg": "HS512"}, digest="sha512"),
    **{
        f"alg {name!r} by the right key": (lambda f, n=name: f.head(alg=n))
        for name in ("RS256", "ES256", "PS256", "EdDSA", "dir", "hs256", "HS256 ", 256, ["HS256"], {"a": 1}, True)
    },
    "no alg": lambda f: f.sign(without(f.header, "alg")),
    "signed with nothing": lambda f: forge(f.header, f.claims, b""),
    "signed with the kid": lambda f: forge(f.header, f.claims, f.header["kid"].encode()),
    "signed with the key's hash": lambda f: forge(f.header, f.claims, b"\0" * 32),
    "kid of an empty file": lambda f: forge(f.header | {"kid": "../../../../dev/null"}, f.claims, b""),
    "kid as SQL": lambda f: forge(f.header | {"kid": "x' UNION SELECT 'key' -- "}, f.claims, b"key"),
    "kid as command": lambda f: forge(f.header | {"kid": "x | touch /tmp/x"}, f.claims, b"x"),
    "kid as list": lambda f: forge(f.header | {"kid": [f.header["kid"]]}, f.claims, b"x"),
    "kid as null": lambda f: forge(f.header | {"kid": None}, f.claims, b"x"),
    "kid of 3 KB": lambda f: forge(f.header | {"kid": "k" * 3000}, f.claims, b"x"),
    "its own jwk": lambda f: forge(f.header | {"jwk": OWN_KEY}, f.claims, b"x" * 32),
    "its own jwk by the right key": lambda f: f.head(jwk=OWN_KEY),
    **{f"{name} by the right key": (lambda f, n=name: f.head(**{n: URL})) for name in ("jku", "x5u")},
    "x5c by the right key": lambda f: f.head(x5c=["MIIB"]),
    "crit of a known claim": lambda f: f.head(crit=["exp"]),
    "crit of something unknown": lambda f: f.head(crit=["unknown"], unknown=True),
    "crit of nothing": lambda f: f.head(crit=[]),
    "crit as text": lambda f: f.head(crit="exp"),
    "b64 false": lambda f: f.head(b64=False, crit=["b64"]),
    "b64 false, not critical": lambda f: f.head(b64=False),
    "zip": lambda f: f.head(zip="DEF"),
    "enc": lambda f: f.head(enc="A256GCM"),
    "alg twice, none first": lambda f: f"{encode(TWICE)}.{f.parts[1]}.",
    "alg twice, none last": lambda f: resigned(f, b'{"alg":"HS256","alg":"none"}'),
    "header nested 1500 deep": nested,
    "claims nested 1500 deep": lambda f: f.sign(claims=b"[" * 1500),
    **{
        f"header {raw!r}": (lambda f, r=raw: resigned(f, r))
        for raw in (b"[]", b'"HS256"', b"1", b"null", b"{", b"\xff\xfe", b"\xef\xbb\xbf{}", b"{}")
    },
    **{f"claims {raw!r}": (lambda f, r=raw: f.sign(claims=r)) for raw in (b"[]", b"1", b"null", b"{", b"\xff", b"{}")},
    **{f"{size} KB of letters": (lambda _f, s=size: "A" * s * 1024) for size in (2, 8, 64)},
    **{f"{size} KB of dots": (lambda _f, s=size: "." * s * 1024) for size in (2, 8)},
    "over-long by the right key": lambda f: f.sign(claims=f.claims | {"more": "x" * 4096}),
    **{f"text {text!r}": (lambda _f, t=text: t) for text in ("", ".", "..", "a.b", "a.b.c", "null", "é", "\U0001f426")},
    "a dot more": lambda f: f"{f.token}.",
    "a dot before": lambda f: f".{f.token}",
    "four parts": lambda f: f"{f.token}.{f.parts[2]}",
    "five parts, as a JWE": lambda _: ".".join([part({"alg": "dir", "enc": "A256GCM"}), "", "aXY", "Y2lwaGVy", "dGFn"]),
    "padding": lambda f: f"{f.token}=",
    "padded header": lambda f: ".".join([f"{f.parts[0]}==", *f.parts[1:]]),
    **{
        f"{junk!r} in the signature": (lambda f, j=junk: f"{f.token[:-9]}{j}{f.token[-9:]}")
        for junk in ("*", " ", "\t", "\n", "\0", "%", "é", "\uff21", "-", "A")
    },
    "last character's spare bits": last_character,
    "first character of the signature": first_character,
    "signature cut": lambda f: f.token[:-2],
    "signature doubled": lambda f: f.token + f.parts[2],
    "signature of zeros": lambda f: f"{f.parts[0]}.{f.parts[1]}.{'A' * 43}",
    "claims altered": lambda f: ".".join([f.parts[0], part(f.claims | {"sub": "somebody-else-entirely"}), f.parts[2]]),
    "for ten years by the right key": lambda f: in_ten_years(f, "exp"),
    "for half an hour in ten years": lambda f: in_ten_years(f, "iat", "exp"),
    "two tokens": lambda f: f"{f.token},{f.token}",
    "in quotes": lambda f: f'"{f.token}"',
    "scheme twice": lambda f: f"Bearer {f.token}",
}  # fmt: skip


@pytest.mark.asvs("9.1.1", "9.1.2", "9.1.3", "9.2.1")
@pytest.mark.parametrize("name", FORGERIES)
def test_forged_tokens_are_refused(victim: Victim, kind: str, forger: Forger, name: str) -> None:
    """Whatever is done to header, signature or form, the token is refused at its place and nothing breaks."""
    assert_refused(victim, kind, FORGERIES[name](forger))


GONE = object()
TEXTS = [GONE, None, True, 1, 1.5, [], ["x"], {}, "", "\ud800", "x\0", "x" * 300]
TIMES = [GONE, None, True, "soon", "9999999999", [], {}, float("nan"), float("inf"), -1, 1e300, 10**400]
NAMES = [GONE, None, True, 1, [], {}, "", "somebody else"]
CLAIMS: dict[str, list[Any]] = {
    "iss": NAMES,
    "aud": NAMES,
    "typ": NAMES,
    "sub": TEXTS,
    "jti": TEXTS,
    "iat": TIMES,
    "exp": [*TIMES, 0, 1_600_000_000],
    "nbf": ["soon", None, float("nan"), 4_000_000_000],
}
OF_ONE_KIND: dict[str, dict[str, list[Any]]] = {
    "access": {"sid": [*TEXTS, "nobody's"]},
    "refresh": {"sid": [*TEXTS, "nobody's"], "gen": [GONE, None, True, "0", 0.0, [], 10**400, 1]},
    "login": {"pwd": [GONE, None, True, "0", [], float("nan"), 10**400]},
}
ALTERED = [
    (kind, claim, value) for kind in KINDS for claim, values in (CLAIMS | OF_ONE_KIND[kind]).items() for value in values
]


@pytest.mark.asvs("9.2.1", "9.2.2", "9.2.3", "10.3.1")
@pytest.mark.parametrize(
    ("kind", "claim", "value"), ALTERED, ids=[f"{kind}-{claim}-{n}" for n, (kind, claim, _) in enumerate(ALTERED)]
)
def test_wrong_claims_are_refused_despite_the_right_key(
    victim: Victim, kind: str, forger: Forger, claim: str, value: object
) -> None:
    """Each claim that we rely on must be there, of its type and in its range, whoever signed."""
    claims = without(forger.claims, claim) if value is GONE else forger.claims | {claim: value}

    assert_refused(victim, kind, forger.sign(claims=claims))


@pytest.mark.asvs("9.2.4")
@pytest.mark.parametrize("claim", ["iss", "aud", "typ"])
def test_a_list_with_the_right_value_is_not_the_value(victim: Victim, kind: str, forger: Forger, claim: str) -> None:
    """A token for several audiences (issuers, types) is not one for ours (RFC 8725, section 3.9)."""
    assert_refused(victim, kind, forger.sign(claims=forger.claims | {claim: [forger.claims[claim], "else"]}))


def test_the_forger_can_make_good_tokens(victim: Victim, forger: Forger) -> None:
    """The tables above prove something: with nothing altered, the forger's own signature is accepted."""
    assert forger.sign() != ""
    assert victim.present("access", Forger(victim.tokens["access"], KEY.encode()).sign()).status_code == 200
    first = victim.present("login", victim.tokens["login"])
    assert first.json()["code"] == "totp_invalid"
