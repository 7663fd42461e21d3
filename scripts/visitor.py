"""A visitor without a browser: keeps cookies, fills in forms, reads codes as an authenticator app does."""

import base64
import hashlib
import hmac
import html
import json
import re
import ssl
import struct
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from http.cookiejar import CookieJar
from typing import Any
from urllib.parse import urlencode

STEP = 30
TIMEOUT = 30


@dataclass
class Answer:
    """What came back, redirects followed."""

    status: int
    text: str
    url: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def json(self) -> Any:  # noqa: ANN401 whatever JSON holds
        """Read the body as JSON."""
        return json.loads(self.text)

    def form(self, action: str) -> dict[str, str]:
        """Return the hidden fields of the form that leads to `action`."""
        match = re.search(rf'<form[^>]*action="{re.escape(action)}"[^>]*>(.*?)</form>', self.text, re.DOTALL)
        if not match:
            raise LookupError(f"{self.url} has no form for {action}: {self.status}")
        hidden = re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', match[1])
        return {name: html.unescape(value) for name, value in hidden}


class Visitor:
    """One visitor of the pages."""

    def __init__(self, site: str) -> None:
        """Come for the first time; a certificate made for trials is taken as it is."""
        self.site = site
        self.cookies = CookieJar()
        unverified = ssl._create_unverified_context()  # noqa: S323, SLF001 a trial's own certificate
        handlers = (urllib.request.HTTPCookieProcessor(self.cookies), urllib.request.HTTPSHandler(context=unverified))
        self._opener = urllib.request.build_opener(*handlers)

    def get(self, path: str) -> Answer:
        """Open a page."""
        return open_url(urllib.request.Request(self.site + path), self._opener)  # noqa: S310 the suite's own address

    def submit(self, page: Answer, action: str, **fields: str) -> Answer:
        """Fill in a page's form and send it."""
        body = urlencode({**page.form(action), **fields}).encode()
        return open_url(urllib.request.Request(self.site + action, body), self._opener)  # noqa: S310 likewise


def call(url: str, body: object = None, method: str | None = None, **headers: str) -> Answer:
    """Call the API, over a connection of its own."""
    data = None if body is None else json.dumps(body).encode()
    sent = {"Content-Type": "application/json", "Connection": "close"} if data else {"Connection": "close"}
    sent |= {name.replace("_", "-"): value for name, value in headers.items()}
    return open_url(urllib.request.Request(url, data, sent, method=method))  # noqa: S310 likewise


def open_url(request: urllib.request.Request, opener: urllib.request.OpenerDirector | None = None) -> Answer:
    """Send a request; a refusal is an answer, and a broken connection has the status 0."""
    try:
        opened = (opener.open if opener else urllib.request.urlopen)(request, timeout=TIMEOUT)
    except urllib.error.HTTPError as refusal:
        opened = refusal
    except OSError as failure:
        return Answer(0, repr(failure), request.full_url)
    lowered = {name.lower(): value for name, value in opened.headers.items()}
    with opened:
        return Answer(opened.status, opened.read().decode(errors="replace"), opened.url, lowered)


def totp(secret: str, steps: int = 0) -> str:
    """Compute the code that an authenticator app shows (RFC 6238), so many steps from now."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    digest = hmac.digest(key, struct.pack(">Q", int(time.time()) // STEP + steps), hashlib.sha1)
    offset = digest[-1] & 15
    number = struct.unpack(">I", digest[offset : offset + 4])[0] & 0x7FFFFFFF
    return f"{number % 1_000_000:06d}"
