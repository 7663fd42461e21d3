"""The road to the API leads nowhere else, and carries nothing from one visitor's call to the next one's."""

from pathlib import Path
from typing import Any

import pytest

from FlaskProject.backend.http import Backend, BackendUnavailable, Visitor

NOBODY = Visitor("203.0.113.7", "Firefox/1", "0123456789abcdef")
NOWHERE = "http://127.0.0.1:9"


def ask(url: str, path: str = "/user/account", token: str | None = "a.b.c") -> object:
    """Ask the API."""
    return Backend(url).send(NOBODY, "GET", path, body=None, token=token, seconds=20)


def test_it_follows_nobody_elsewhere(small_api: Any) -> None:
    """An answer that leads away is no answer: whoever stands in between would be handed the token."""
    small_api.on("GET /user/account", lambda _asked: (302, {}, {"Location": f"{small_api.url}/elsewhere"}))
    with pytest.raises(BackendUnavailable, match="302"):
        ask(small_api.url)

    assert len(small_api.asked) == 1


def test_the_environment_sends_it_nowhere_else(small_api: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither a proxy that some shell names, nor the password that a .netrc has for this host."""
    small_api.on("GET /user/account", lambda _asked: (200, {}))
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login somebody password secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, NOWHERE)

    assert ask(small_api.url, token=None) == {}
    assert "Authorization" not in small_api.asked[0]["headers"]


def test_a_cookie_of_the_api_is_nobody_s(small_api: Any) -> None:
    """What one visitor's answer sets is not sent with the next one's call."""
    small_api.on("GET /user/account", lambda _asked: (200, {}, {"Set-Cookie": "who=ada; Path=/"}))
    backend = Backend(small_api.url)
    for _ in range(2):
        backend.send(NOBODY, "GET", "/user/account", body=None, token="a.b.c", seconds=20)

    assert all("Cookie" not in asked["headers"] for asked in small_api.asked)


def test_an_api_below_a_path_is_asked_there(small_api: Any) -> None:
    """By the method, the body and the headers that it is to have."""
    small_api.on("POST /api/login", lambda _asked: (200, {}))
    Backend(f"{small_api.url}/api").send(NOBODY, "POST", "/login", body={"a": "ü"}, token=None, seconds=20)
    [asked] = small_api.asked

    assert asked["body"] == {"a": "ü"}
    assert asked["headers"]["Content-Type"] == "application/json"
    assert asked["headers"]["X-Forwarded-For"] == NOBODY.address
    assert "gzip" in asked["headers"]["Accept-Encoding"]
