"""Every call of the API that the pages make, typed; the road there is http.py."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar
from urllib.parse import quote, urlencode

from FlaskProject.backend.answers import (
    Account,
    Ceremony,
    CodesState,
    Device,
    Devices,
    Enrolment,
    History,
    Json,
    LinkInfo,
    Passkeys,
    RecoveryCodes,
    TokenPair,
    TrustedDevice,
    TrustedDevices,
)
from FlaskProject.backend.http import Backend, BackendUnavailable, Download, Refusal, Visitor

READ_SECONDS = 2.0
# A password waits for its turn in the API's hashing queue (10 s as expected), a write for a lock (10 s).
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


def _given(**fields: object) -> Json:
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

    def log_in(
        self, identifier: str, password: str, *, remember_me: bool, device_token: str | None = None
    ) -> TokenPair:
        """Take the first step of a login; the only one unless a second factor is on and the device not trusted."""
        body = {"username": identifier, "password": password, "remember_me": remember_me}
        return self._as_anyone("/login", body | _given(device_token=device_token), TokenPair.read)

    def log_in_with_code(self, login_token: str, totp: str, *, trust_device: bool) -> TokenPair:
        """Take the second step of a login."""
        body = {"login_token": login_token, "totp": totp, "trust_device": trust_device}
        return self._as_anyone("/login", body, TokenPair.read)

    def start_passkey_login(self, login_token: str | None = None) -> Ceremony:
        """Ask which question a passkey is to answer: anybody's, or those of whoever has just given the password."""
        return self._as_anyone("/login/passkey/start", _given(login_token=login_token), Ceremony.read)

    def log_in_with_passkey(self, answer: Json, *, remember_me: bool) -> TokenPair:
        """Sign in by a passkey alone."""
        return self._as_anyone("/login/passkey", {**answer, "remember_me": remember_me}, TokenPair.read)

    def log_in_with_passkey_too(self, login_token: str, answer: Json, *, trust_device: bool) -> TokenPair:
        """Take the second step of a login by a passkey."""
        body = {**answer, "login_token": login_token, "trust_device": trust_device}
        return self._as_anyone("/login/passkey", body, TokenPair.read)

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

    def account(self, include: Sequence[str] = ()) -> Account:
        """Look up who is signed in, and by the same call what is to come along."""
        query = f"?{urlencode({'include': include}, doseq=True)}" if include else ""
        return self._as_owner("GET", f"/user/account{query}", None, Account.read, READ_SECONDS)

    def update(self, factor: Json | None = None, **changes: str) -> TokenPair | None:
        """Change parts of the profile; a password change brings a new pair."""
        body = {**changes, **(factor or {})}
        return self._as_owner(
            "PUT", "/user/update", body, lambda data: TokenPair.read(data) if data.get("access_token") else None
        )

    def reauthenticate(self, current_password: str, factor: Json) -> TokenPair:
        """Prove again who is there; a fresh session takes the place of this one, whose tokens are dead."""
        body = {"current_password": current_password, **factor}
        return self._as_owner("POST", "/reauthenticate", body, TokenPair.read)

    def start_passkey_proof(self, *, with_password: bool) -> Ceremony:
        """Ask which question a passkey of the account is to answer, alone or beside the password."""
        body = {"with_password": with_password}
        return self._as_owner("POST", "/reauthenticate/passkey/start", body, Ceremony.read)

    def reauthenticate_with_passkey(self, answer: Json) -> TokenPair:
        """Prove again who is there by a passkey alone."""
        return self._as_owner("POST", "/reauthenticate/passkey", answer, TokenPair.read)

    def passkeys(self) -> Passkeys:
        """List the account's passkeys."""
        return self._as_owner("GET", "/passkeys", None, Passkeys.read, READ_SECONDS)

    def start_passkey(self) -> Ceremony:
        """Ask what a new passkey is to be made of."""
        return self._as_owner("POST", "/passkeys/registration", None, Ceremony.read)

    def add_passkey(self, name: str, answer: Json) -> RecoveryCodes:
        """Keep a new passkey; returns recovery codes if it is the first factor, which are never shown again."""
        return self._as_owner("POST", "/passkeys", {**answer, "name": name}, RecoveryCodes.read)

    def rename_passkey(self, passkey_id: str, name: str) -> None:
        """Call a passkey by another name."""
        self._as_owner("PUT", f"/passkeys/{quote(passkey_id, safe='')}", {"name": name}, _nothing)

    def remove_passkey(self, passkey_id: str) -> None:
        """Let a passkey open the account no more."""
        self._as_owner("DELETE", f"/passkeys/{quote(passkey_id, safe='')}", None, _nothing)

    def send_verification(self) -> None:
        """Ask for another mail that confirms the address."""
        self._as_owner("POST", "/email/verification", None, _nothing)

    def start_totp(self) -> Enrolment:
        """Begin a second factor, or find the one already begun; the account comes along."""
        return self._as_owner("POST", "/totp/enable/start?include=account", None, Enrolment.read)

    def confirm_totp(self, secret: str, code: str) -> RecoveryCodes:
        """Finish a second factor; returns the recovery codes, which are never shown again."""
        body = {"secret": secret, "code": code}
        return self._as_owner("POST", "/totp/enable/confirm", body, RecoveryCodes.read)

    def disable_totp(self) -> None:
        """Switch the second factor off."""
        self._as_owner("POST", "/totp/disable", None, _nothing)

    def new_recovery_codes(self) -> RecoveryCodes:
        """Replace all recovery codes."""
        return self._as_owner("POST", "/totp/recovery-codes", None, RecoveryCodes.read)

    def note_saved_codes(self, code_set: str) -> bool:
        """Say that a set of recovery codes is saved; False where it was replaced meanwhile."""
        body = {"code_set": code_set}
        return self._as_owner("POST", "/totp/recovery-codes/saved", body, CodesState.read).recovery_codes_saved

    def devices(self) -> list[Device]:
        """List where the account is signed in."""
        return self._as_owner("GET", "/user/sessions", None, Devices.read, READ_SECONDS).items

    def end_device(self, session_id: str) -> None:
        """Sign one device out."""
        self._as_owner("DELETE", f"/user/sessions/{quote(session_id, safe='')}", None, _nothing)

    def end_other_devices(self) -> None:
        """Sign every other device out."""
        self._as_owner("DELETE", "/user/sessions", None, _nothing)

    def trusted_devices(self) -> list[TrustedDevice]:
        """List where the password alone signs in."""
        return self._as_owner("GET", "/user/trusted-devices", None, TrustedDevices.read, READ_SECONDS).items

    def remove_trusted_device(self, device_id: str) -> None:
        """Ask for the second factor there again."""
        self._as_owner("DELETE", f"/user/trusted-devices/{quote(device_id, safe='')}", None, _nothing)

    def history(self, before: str | None, kinds: Sequence[str], limit: int) -> History:
        """List what happened to the account before an event of it, or at last: all, or what is below these kinds."""
        query = urlencode(_given(before=before, kind=kinds, limit=limit, include="account"), doseq=True)
        return self._as_owner("GET", f"/user/events?{query}", None, History.read, READ_SECONDS)

    def disown_event(self, event_id: str) -> None:
        """Take back what somebody else did, and end every session, this one, too."""
        self._as_owner("POST", f"/user/events/{quote(event_id, safe='')}/disown", None, _nothing)

    def log_out(self) -> None:
        """End this session."""
        self._as_owner("POST", "/logout", None, _nothing)

    def export(self) -> Download:
        """Begin the file with everything that is stored about this person."""
        ask = partial(self.backend.download, self.visitor, "/user/export", seconds=WORK_SECONDS)
        return self._with_token(lambda token: ask(token=token))

    def delete_account(self, current_password: str, factor: Json) -> None:
        """Erase the account for good."""
        # The POST twin: proxies drop the body of a DELETE.
        body = {"confirm": True, "current_password": current_password, **factor}
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
            return _take(read, self._with_token(lambda token: send(token=token)), f"{method} {path}")
        except BackendUnavailable as outage:
            outage.may_have_acted &= method != "GET"
            raise

    def _with_token(self, ask: Callable[[str], Answer]) -> Answer:
        try:
            return ask(self.access_token())
        except Refusal as refusal:
            if refusal.code != "token_expired":
                raise
            # It ended on its way; a 401 did nothing, so asking again is safe.
            return ask(self.renewed_access_token())


def _take(read: Callable[[Json], Answer], data: Json, call: str) -> Answer:
    try:
        return read(data)
    except (KeyError, TypeError, ValueError):
        raise BackendUnavailable(f"{call}: an answer without its fields") from None
