"""A browser without script on the pages in this process: it sends forms as they stand in the page."""

import html
import re
import time
from dataclasses import dataclass
from typing import Any, Self

import pyotp
from werkzeug.test import Client

PASSWORD = "blue herons at dawn"


@dataclass
class Visit:
    """One browser and the page it shows; it sends forms as they stand in the page."""

    client: Client
    root: str = ""  # what the pages are served under; the paths below come behind it
    page: str = ""
    status: int = 0
    path: str = ""

    def open(self, path: str) -> Self:
        """Go to an address, following redirects."""
        return self._show(self.client.get(self.root + path, follow_redirects=True))

    def send(self, action: str, **typed: str) -> Self:
        """Fill in the form with this action and press its button."""
        return self._show(self.client.post(self.root + action, data=self.hidden(action) | typed, follow_redirects=True))

    def hidden(self, action: str) -> dict[str, str]:
        """Return what the form with this action holds besides what a person types."""
        form = re.search(rf'<form[^>]*action="{re.escape(self.root + action)}".*?</form>', self.page, re.DOTALL)
        assert form, f"no form for {action} on {self.path}:\n{self.page}"
        inputs = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form[0])
        return {name: html.unescape(value) for name, value in inputs}

    def says(self, sentence: str) -> bool:
        """Tell whether the page holds these words."""
        return sentence in html.unescape(re.sub("</?bdi>", "", self.page))

    def register(self, name: str) -> Self:
        """Open an account, which signs in."""
        typed = {"email": f"{name}@example.com", "username": name, "password": PASSWORD}
        return self.open("/register").send("/register", **typed)

    def log_in(self, name: str, password: str = PASSWORD, **more: str) -> Self:
        """Take the first step."""
        return self.open("/login").send("/login", username=name, password=password, **more)

    def enable_totp(self) -> tuple[str, list[str]]:
        """Switch the second factor on; returns the secret and the recovery codes."""
        self.open("/security").send("/security/totp/start")
        secret = self.hidden("/security/totp/confirm")["secret"]
        # The code of one step ago leaves the present one for a login; its half minute may end on the way.
        for _ in range(2):
            if "/security/totp/confirm" in self.page:
                self.send("/security/totp/confirm", code=pyotp.TOTP(secret).at(int(time.time()), counter_offset=-1))
        shown = re.search(r"<pre[^>]*>(.*?)</pre>", self.page, re.DOTALL)
        assert shown, self.page
        return secret, shown[1].split()

    def _show(self, answer: Any) -> Self:
        self.page, self.status = answer.text, answer.status_code
        self.path = answer.request.path.removeprefix(self.root)
        return self
