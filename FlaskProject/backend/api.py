"""Every call of the API that the pages make, typed; the road there is http.py."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeVar
from urllib.parse import quote

from FlaskProject.backend.answers import Account, Device, Devices, Enrolment, Json, LinkInfo, RecoveryCodes, TokenPair
from FlaskProject.backend.http import Backend, BackendUnavailable, Refusal, Visitor

READ_SECONDS = 2.0
# A password waits for its turn in the API's hashing queue (10 s, unless it stalls), a write for a lock (likewise).
WORK_SECONDS = 15.0

# What the button of a mail's link calls, by the kind of the link.
LINKS = {
    "verify": "/email/verify",
    "change": "/email/change/confirm",
    "revert": "/email/revert",
    "disown": "/account/disown",
}

Answer = TypeVar("Answer")


def _nothing(_data: Json) -> None:
    """Take nothing out of an answer that only says it is done."""


def _given(**fields: str | bool | None) -> Json:
    return {name: value for name, value in fields.items() if value is not None}


@dataclass(frozen=True)
class Api:
    """The API as one visitor may use it."""

    backend: Backend
    visitor: Visitor
    # A token that is good for a while, or Refusal 401; and one newer than what just turned out to be over.
    access_token: Callable[[], str]
    renewed_access_token: Callable[[], str]

    def register(self, email: str, username: str, password: str) -> None:
        """Open an account."""
        body = _given(email=email, username=username or None, password=password)
        self._as_anyone("/register", body, lambda data: data["user_id"])

    def log_in(self, identifier: str, password: str, *, remember_me: bool) -> TokenPair:
        """Take the first step of a login; the only one unless a second factor is on."""
        body = {"username": identifier, "password": password, "remember_me": remember_me}
        return self._as_anyone("/login", body, TokenPair.read)

    def log_in_with_code(self, login_token: str, totp: str) -> TokenPair:
        """Take the second step of a login."""
        return self._as_anyone("/login", {"login_token": login_token, "totp": totp}, TokenPair.read)

    def refresh(self, refresh_token: str) -> TokenPair:
        """Trade a refresh token for the next pair."""
        # Giving up early would strand the successor: replayed too late, the old token ends the session.
        return self._as_anyone("/refresh", {"refresh_token": refresh_token}, TokenPair.read)

    def request_password_reset(self, email: str) -> None:
        """Ask for a reset mail; the answer is the same for everybody."""
        self._as_anyone("/password/reset", {"email": email}, _nothing)

    def reset_password(self, token: str, new_password: str) -> None:
        """Choose a new password by a mail's link; every session ends."""
        self._as_anyone("/password/reset/confirm", {"token": token, "new_password": new_password}, _nothing)

    def follow_link(self, kind: str, token: str) -> None:
        """Do what a mail's link is for: confirm an address, switch to it or back, or lock a stranger out."""
        self._as_anyone(LINKS[kind], {"token": token}, _nothing)

    def look_at_link(self, token: str) -> LinkInfo:
        """Ask what a mail's link is about, which changes nothing."""
        return self._as_anyone("/link/look", {"token": token}, LinkInfo.read, READ_SECONDS)

    def account(self) -> Account:
        """Look up who is signed in."""
        return self._as_owner("GET", "/user/account", None, Account.read, READ_SECONDS)

    def update(self, totp: str | None = None, **changes: str) -> TokenPair | None:
        """Change parts of the profile; a password change brings a new pair."""
        body = _given(**changes, totp=totp or None)
        return self._as_owner(
            "PUT", "/user/update", body, lambda data: TokenPair.read(data) if data.get("access_token") else None
        )

    def reauthenticate(self, current_password: str, totp: str | None) -> TokenPair:
        """Prove again who is there; a fresh session takes the place of this one, whose tokens are dead."""
        body = _given(current_password=current_password, totp=totp or None)
        return self._as_owner("POST", "/reauthenticate", body, TokenPair.read)

    def send_verification(self) -> None:
        """Ask for another mail that confirms the address."""
        self._as_owner("POST", "/email/verification", None, _nothing)

    def start_totp(self) -> Enrolment:
        """Begin a second factor, or find the one already begun."""
        return self._as_owner("POST", "/totp/enable/start", None, Enrolment.read)

    def confirm_totp(self, secret: str, code: str) -> list[str]:
        """Finish a second factor; returns the recovery codes, which are never shown again."""
        body = {"secret": secret, "code": code}
        return self._as_owner("POST", "/totp/enable/confirm", body, RecoveryCodes.read).recovery_codes

    def disable_totp(self) -> None:
        """Switch the second factor off."""
        self._as_owner("POST", "/totp/disable", None, _nothing)

    def new_recovery_codes(self) -> list[str]:
        """Replace all recovery codes."""
        return self._as_owner("POST", "/totp/recovery-codes", None, RecoveryCodes.read).recovery_codes

    def devices(self) -> list[Device]:
        """List where the account is signed in."""
        return self._as_owner("GET", "/user/sessions", None, Devices.read, READ_SECONDS).items

    def end_device(self, session_id: str) -> None:
        """Sign one device out."""
        self._as_owner("DELETE", f"/user/sessions/{quote(session_id, safe='')}", None, _nothing)

    def end_other_devices(self) -> None:
        """Sign every other device out."""
        self._as_owner("DELETE", "/user/sessions", None, _nothing)

    def log_out(self) -> None:
        """End this session."""
        self._as_owner("POST", "/logout", None, _nothing)

    def delete_account(self, current_password: str, totp: str | None) -> None:
        """Erase the account for good."""
        # The POST twin: proxies drop the body of a DELETE.
        body = _given(confirm=True, current_password=current_password, totp=totp or None)
        self._as_owner("POST", "/user/delete", body, _nothing)

    def _as_anyone(
        self, path: str, body: Json, read: Callable[[Json], Answer], seconds: float = WORK_SECONDS
    ) -> Answer:
        data = self.backend.send(self.visitor, "POST", path, body=body, token=None, seconds=seconds)
        return _take(read, data, f"POST {path}")

    def _as_owner(
        self, method: str, path: str, body: Json | None, read: Callable[[Json], Answer], seconds: float = WORK_SECONDS
    ) -> Answer:
        send = partial(self.backend.send, self.visitor, method, path, body=body, seconds=seconds)
        try:
            data = send(token=self.access_token())
        except Refusal as refusal:
            if refusal.code != "token_expired":
                raise
            # It ended on its way; a 401 did nothing, so asking again is safe.
            data = send(token=self.renewed_access_token())
        return _take(read, data, f"{method} {path}")


def _take(read: Callable[[Json], Answer], data: Json, call: str) -> Answer:
    try:
        return read(data)
    except (KeyError, TypeError, ValueError):
        raise BackendUnavailable(f"{call}: an answer without its fields") from None
