"""CORS: scripts of other sites may call only when the operator named their origin."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from app.config import Settings
from app.main import create_app
from testing.api import MakeSettings

APP = "https://app.example.com"
ALLOWED = {"cors_allowed_origins": f"{APP}, http://localhost:3000"}


def preflight(api: TestClient, origin: str, method: str = "PUT", headers: str = "authorization,content-type") -> Any:
    """Ask as a browser does before it sends a script's request."""
    asked = {"Origin": origin, "Access-Control-Request-Method": method, "Access-Control-Request-Headers": headers}
    return api.options("/user/update", headers=asked)


@pytest.mark.asvs("3.4.2")
def test_nobody_is_allowed_by_default(api: TestClient) -> None:
    """No answer carries a header that would let a script read it."""
    answers = [api.get("/healthz", headers={"Origin": APP}), preflight(api, APP)]

    assert not any(name.startswith("access-control") for answer in answers for name in answer.headers)


@pytest.mark.asvs("3.4.2")
@pytest.mark.parametrize("settings_changes", [ALLOWED])
@pytest.mark.parametrize("origin", [APP, "http://localhost:3000"])
def test_named_origins_may_call(api: TestClient, origin: str) -> None:
    """They may send the token and read the answer; cookies are never asked for."""
    asked = preflight(api, origin)
    answer = api.get("/user/profile", headers={"Origin": origin})

    assert asked.status_code == 200
    assert asked.headers["access-control-allow-methods"] == "GET, HEAD, POST, PUT, DELETE"
    assert answer.status_code == 401
    assert answer.headers["access-control-allow-origin"] == origin
    assert "origin" in answer.headers["vary"].lower()
    assert "retry-after" in answer.headers["access-control-expose-headers"].lower()
    assert "access-control-allow-credentials" not in answer.headers


@pytest.mark.asvs("3.4.2")
@pytest.mark.parametrize("settings_changes", [ALLOWED])
@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "http://app.example.com",
        "https://app.example.com:8443",
        "https://app.example.com.evil.example",
        "https://evilapp.example.com",
        "https://APP.example.com",
        "null",
        "",
    ],
)
def test_other_origins_may_not(api: TestClient, origin: str) -> None:
    """Scheme, host and port must all be the same."""
    answers = [api.get("/healthz", headers={"Origin": origin}), preflight(api, origin)]

    assert not any("access-control-allow-origin" in answer.headers for answer in answers)


@pytest.mark.parametrize("settings_changes", [ALLOWED])
@pytest.mark.parametrize(("method", "headers"), [("PATCH", "authorization"), ("PUT", "x-secret")])
def test_only_our_methods_and_headers_are_allowed(api: TestClient, method: str, headers: str) -> None:
    """A preflight for anything else fails."""
    assert preflight(api, APP, method, headers).status_code == 400


@pytest.mark.parametrize(
    "origins",
    [
        "*",
        "https://*.example.com",
        "null",
        "app.example.com",
        "https://app.example.com/",
        "https://app.example.com/path",
        "https://app.example.com:443",
        "http://app.example.com:80",
        "https://App.Example.com",
        "ftp://app.example.com",
        "https://user@app.example.com",
        "https://app.example.com, *",
    ],
)
def test_origins_are_exact(make_settings: MakeSettings, origins: str) -> None:
    """What no browser would send, or what would allow everybody, stops the start."""
    with pytest.raises(ValueError, match="origins"):
        make_settings("sqlite://", cors_allowed_origins=origins)


def test_a_flood_can_be_read_by_the_script(settings: Settings) -> None:
    """Refusals carry the headers too, so that a page can say what happened."""
    with TestClient(create_app(settings.model_copy(update={"cors_allowed_origins": [APP]}))) as http:
        answers = [
            http.post("/password/reset", json={"email": "a@example.com"}, headers={"Origin": APP}) for _ in range(21)
        ]

    assert answers[-1].status_code == 429
    assert answers[-1].headers["access-control-allow-origin"] == APP
