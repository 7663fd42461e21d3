"""What a path may be asked with: HEAD wherever GET is, and a 405 that names every method."""

import re
import socket
from typing import Any

import pytest
from starlette.testclient import TestClient

from testing.api import SignedIn, StartApi


@pytest.fixture
def migrated_url(sqlite_copy: str) -> str:
    """Use SQLite alone: HTTP knows nothing of the database."""
    return sqlite_copy


def described(api: TestClient) -> dict[str, list[str]]:
    """Return the methods of every described path, and of those that stand in no description."""
    paths: dict[str, Any] = api.get("/openapi.json").json()["paths"]
    found = {path: [method.upper() for method in methods] for path, methods in paths.items()}
    return found | {path: ["GET"] for path in ("/docs", "/docs/start.js", "/metrics", "/openapi.json")}


def test_head_wherever_get_is(api: TestClient, user: SignedIn) -> None:
    """The same status and headers without the body, for uptime monitors and for whoever only wants to know."""
    headers = {"Authorization": f"Bearer {user.access_token}"}
    asked = [path for path, methods in described(api).items() if "GET" in methods]
    assert {"/healthz", "/readyz", "/user/account", "/docs", "/metrics"} <= set(asked)

    for path in [*asked, "/docs/assets/swagger-ui.css"]:
        shown, head = api.get(path, headers=headers), api.head(path, headers=headers)
        assert (head.status_code, head.content) == (200, b""), path
        assert head.headers["Content-Type"] == shown.headers["Content-Type"]
        assert path in {"/metrics", "/user/export"} or head.headers["Content-Length"] == shown.headers["Content-Length"]


def test_head_tells_a_stranger_no_more(api: TestClient) -> None:
    """It goes the way of GET, the check of the token included, and is counted under its route."""
    assert api.head("/user/account").status_code == 401
    assert api.head("/login").status_code == 405
    assert api.head("/nothing").status_code == 404
    assert 'method="HEAD",route="/user/account",status="401"' in api.get("/metrics").text


def test_a_refused_method_is_told_the_others(api: TestClient) -> None:
    """Allow names every method of the path, whichever of its routes comes first."""
    paths = described(api) | {"/docs/assets/swagger-ui.css": ["GET"]}
    assert sorted(paths["/user/sessions"]) == ["DELETE", "GET"]

    for path in (re.sub(r"\{\w+\}", "x", template) for template in paths):
        answer = api.request("PATCH", path)
        assert answer.status_code == 405, path
        # `/passkeys/registration` could also be the passkey of that id.
        methods = {method for template, own in paths.items() if is_named_by(template, path) for method in own}
        expected = {*methods, "HEAD"} if "GET" in methods else methods
        assert set(answer.headers["Allow"].split(", ")) == expected, path


def is_named_by(template: str, path: str) -> bool:
    """Tell whether a path is one of those that a template stands for."""
    return re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path) is not None


def test_the_server_sends_the_head_alone(start_api: StartApi) -> None:
    """Over a kept connection a body would be taken for the next answer."""
    server = start_api()
    with socket.create_connection(("127.0.0.1", int(server.url.rpartition(":")[2])), timeout=60) as line:
        line.sendall(
            b"HEAD /healthz HTTP/1.1\r\nHost: a\r\n\r\nGET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
        )
        answers = b"".join(iter(lambda: line.recv(65536), b""))

    assert answers.count(b"HTTP/1.1 200 ") == 2
    assert answers.count(b'{"status":"ok"}') == 1
