"""Authenticators of a real Chromium that nobody has to touch: made, taken away and looked at by its own protocol."""

from dataclasses import dataclass
from typing import Any

from playwright.sync_api import CDPSession, Page

PHONE = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True}
SECURITY_KEY = {"protocol": "ctap2", "transport": "usb", "hasResidentKey": False, "hasUserVerification": False}


@dataclass
class VirtualKey:
    """One authenticator in the browser of a page."""

    protocol: CDPSession
    id: str

    def credentials(self) -> list[dict[str, Any]]:
        """Return the passkeys that it holds."""
        found: list[dict[str, Any]] = self.protocol.send("WebAuthn.getCredentials", self._it())["credentials"]
        return found

    def set_counter(self, count: int) -> None:
        """Let its first passkey count from here on, as a copy of it would."""
        credential = self.credentials()[0]
        self.protocol.send("WebAuthn.removeCredential", self._it(credentialId=credential["credentialId"]))
        self.protocol.send("WebAuthn.addCredential", self._it(credential={**credential, "signCount": count}))

    def refuse(self) -> None:
        """Let nobody be verified from now on, as when the wrong finger is shown."""
        self.protocol.send("WebAuthn.setUserVerified", self._it(isUserVerified=False))

    def accept(self) -> None:
        """Let its owner be verified again."""
        self.protocol.send("WebAuthn.setUserVerified", self._it(isUserVerified=True))

    def touch(self, *, always: bool) -> None:
        """Let its owner agree to everything, also to what the browser offers at a field, or to nothing."""
        self.protocol.send("WebAuthn.setAutomaticPresenceSimulation", self._it(enabled=always))

    def lose(self) -> None:
        """Take it out of the browser."""
        self.protocol.send("WebAuthn.removeVirtualAuthenticator", self._it())

    def _it(self, **more: object) -> dict[str, object]:
        return {"authenticatorId": self.id, **more}


def plug_in(page: Page, kind: dict[str, Any]) -> VirtualKey:
    """Give a page's browser an authenticator whose owner agrees to everything."""
    protocol = page.context.new_cdp_session(page)
    protocol.send("WebAuthn.enable")
    options = {**kind, "isUserVerified": kind["hasUserVerification"], "automaticPresenceSimulation": True}
    added = protocol.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    return VirtualKey(protocol, added["authenticatorId"])
