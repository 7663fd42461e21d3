"""A client of Pupero's API that stays signed in, and never loses its session by refreshing wrongly.

    pip install requests
    PUPERO_URL=http://127.0.0.1:8000 python client.py alice

It asks for a password once and keeps the tokens in `tokens.json`, which its owner alone may read. Three rules:
one refresh at a time; the new pair is stored before it is used; a refresh whose answer got lost is sent again with the
same token, which Pupero answers with the same pair for a minute.
"""

import json
import os
import sys
import threading
import time
from getpass import getpass
from pathlib import Path
from typing import Any

import requests

PATIENCE = 20  # seconds for an answer
TRIES = 4
PAUSE = 1.0  # seconds before the next try, longer each time; all tries together stay within the minute

Pair = dict[str, str]


class SignInAgain(Exception):
    """The session has ended: nothing but a new sign-in helps."""


class Client:
    """Calls the API as one person. Threads may share it."""

    def __init__(self, url: str, store: Path) -> None:
        """Take where the API is, and where the tokens are kept."""
        self._url, self._store = url, store
        self._http = requests.Session()
        self._one_at_a_time = threading.Lock()

    def sign_in(self, username: str, password: str, totp: str | None = None) -> None:
        """Open a session; with a second factor on, `totp` is its code."""
        body = {"username": username, "password": password, "totp": totp, "remember_me": True}
        answer = self._http.post(f"{self._url}/login", json=body, timeout=PATIENCE)
        answer.raise_for_status()
        self._save(answer.json())

    def call(self, method: str, path: str, json: object = None) -> requests.Response:
        """Send a request, once more with a new access token if the present one has expired."""
        pair = self._load()
        answer = self._send(method, path, json, pair)
        if _code_of(answer) == "token_expired":
            answer = self._send(method, path, json, self._refresh(pair))
        if answer.status_code == requests.codes.unauthorized:
            raise SignInAgain(_code_of(answer))
        return answer

    def _send(self, method: str, path: str, json: object, pair: Pair) -> requests.Response:
        headers = {"Authorization": f"Bearer {pair['access_token']}"}
        return self._http.request(method, self._url + path, json=json, headers=headers, timeout=PATIENCE)

    def _refresh(self, used: Pair) -> Pair:
        """Return the pair after the one that was used; whoever waited finds it fetched already."""
        with self._one_at_a_time:
            present = self._load()
            if present == used:
                present = self._fetch_next(used)
                self._save(present)  # before its use: from then on the old one is a copy that somebody else may hold
            return present

    def _fetch_next(self, used: Pair) -> Pair:
        """Trade the refresh token in, with the same one again while the answer gets lost."""
        for number in range(TRIES):
            try:
                body = {"refresh_token": used["refresh_token"]}
                answer = self._http.post(f"{self._url}/refresh", json=body, timeout=PATIENCE / 2)
            except requests.RequestException:
                time.sleep(PAUSE * number)
                continue
            if answer.status_code == requests.codes.unauthorized:
                raise SignInAgain(_code_of(answer))
            if answer.ok:
                return _pair_of(answer.json())
            time.sleep(float(answer.headers.get("Retry-After", PAUSE)))  # 429, 503
        raise ConnectionError("Pupero does not answer: try again later, the session is not lost")

    def _load(self) -> Pair:
        try:
            return _pair_of(json.loads(self._store.read_text(encoding="utf-8")))
        except FileNotFoundError:
            raise SignInAgain("never signed in") from None

    def _save(self, pair: Pair) -> None:
        """Replace the file as a whole: cut short by a crash, the old one would still be there."""
        beside = self._store.with_suffix(".new")
        beside.touch(mode=0o600)
        beside.write_text(json.dumps(_pair_of(pair)), encoding="utf-8")
        beside.replace(self._store)


def _pair_of(found: dict[str, Any]) -> Pair:
    return {name: found[name] for name in ("access_token", "refresh_token")}


def _code_of(answer: requests.Response) -> str:
    """Read the stable code of a refusal; sentences are for people and may change."""
    is_problem = answer.headers.get("Content-Type") == "application/problem+json"
    return str(answer.json()["code"]) if is_problem else ""


def main() -> None:
    """Show whose account this is, after a sign-in if need be."""
    client = Client(os.environ.get("PUPERO_URL", "http://127.0.0.1:8000"), Path("tokens.json"))
    try:
        answer = client.call("GET", "/user/profile")
    except SignInAgain:
        password = os.environ.get("PUPERO_PASSWORD") or getpass("Password: ")
        client.sign_in(sys.argv[1], password)
        answer = client.call("GET", "/user/profile")
    print(answer.json())


if __name__ == "__main__":
    main()
