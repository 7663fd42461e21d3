"""The page that somebody asked a proxy for, by the headers that nginx, Caddy, Traefik and HAProxy tell it with."""

from dataclasses import dataclass

from flask import request, url_for

from FlaskProject.rendering.own_paths import worth_carrying
from FlaskProject.rendering.return_addresses import return_address
from FlaskProject.runtime.logs import log_refusal
from FlaskProject.signed_in.identity import services

READS = {"GET", "HEAD"}


@dataclass(frozen=True)
class Asked:
    """What was asked for: on this host as a path, on another one as a whole address."""

    target: str
    host: str

    @property
    def address(self) -> str:
        """Where to come back to: the very page, or our home page when its address is none that a `next` may be."""
        return return_address(self.target, request.script_root, services().config.return_origins)

    @property
    def can_be_repeated(self) -> bool:
        """Tell whether the browser may be sent to the same address once more."""
        return self.address == self.target

    def way_to(self, endpoint: str) -> str | None:
        """Return the address of a page of ours that leads back; None from a host that nobody may come back to."""
        page = url_for(endpoint, next=worth_carrying(self.address))
        if self.host == request.host:
            return page
        if f"https://{self.host}" not in services().config.return_origins:
            log_refusal("X-Forwarded-Host is another host than Host, and not in RETURN_ORIGINS", asked_host=self.host)
            return None
        return f"https://{request.host}{page}"


def read_asked() -> Asked:
    """Take what was asked for from the proxy's headers; they decide about nothing but the way back."""
    host = request.headers.get("X-Forwarded-Host") or request.host
    path = request.headers.get("X-Forwarded-Uri", "")
    return Asked(path if host == request.host else f"https://{host}{path}", host)


def is_navigation() -> bool:
    """Tell whether a person waits for a page: scripts, pictures and forms are not helped by one to sign in on."""
    mode = request.headers.get("Sec-Fetch-Mode")
    looks = mode == "navigate" if mode else "text/html" in request.headers.get("Accept", "")
    return looks and request.headers.get("X-Forwarded-Method", "GET") in READS
