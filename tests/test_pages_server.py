"""The pages as `flask run` serves them: their address, then one line a request, and nothing else on the terminal."""

import json
import urllib.request

from testing.browser import StartPages


def test_the_development_server_says_where_it_is_and_then_keeps_quiet(start_pages: StartPages) -> None:
    """The address first; no banner, no second line, and so no token of a mail's link in the log."""
    server = start_pages("http://127.0.0.1:9")
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
    with browser.open(f"{server.url}/password/reset?token=a-secret-of-a-mail", timeout=60) as answer:
        assert answer.status == 200
    server.wait_for('"path": "/password/reset"', times=1)
    lines = [json.loads(line) for line in server.read_log().splitlines()]

    assert (lines[0]["message"], lines[0]["url"]) == ("serving", server.url)
    assert [line["path"] for line in lines if line["message"] == "request"][-1] == "/password/reset"
    assert "a-secret-of-a-mail" not in server.read_log()
