"""The outermost layer, as plain ASGI: names each request, finds its client, logs, and answers what nobody caught."""

import logging
import re
import time
from http import HTTPStatus
from random import getrandbits

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.clients.addresses import Client, clean_user_agent, find_address, is_loopback, is_public
from app.config import Settings
from app.errors import ApiError, HeadTooLarge, InsecureConfiguration, InternalError
from app.runtime.arrival import Arrival
from app.runtime.logs import request_facts
from app.runtime.metrics import UNHANDLED, count_answer
from app.settings.production import is_this_machine
from app.web.body_limit import LimitedBody
from app.web.problems import answer

logger = logging.getLogger("app.requests")

HEAD_MAX = 16 * 1024  # bytes
PATH_MAX = 500  # in the log
REQUEST_ID = re.compile("[A-Za-z0-9_-]{8,64}")
# Asked every second by balancers and Prometheus: that all is well, again, would bury every other line.
PROBES = {"/readyz", "/metrics"}
HEADERS = {
    b"cache-control": b"no-store",
    b"content-security-policy": b"default-src 'none'; frame-ancestors 'none'",
    b"referrer-policy": b"no-referrer",
    b"x-content-type-options": b"nosniff",
}


class Edge:
    """Wraps the whole application."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        """Take the settings that say whom to believe and whom to serve."""
        self.app = app
        self.trusted = settings.trusted_proxies
        self.local_only = bool(settings.weaknesses)
        self._warning = None if settings.environment == "production" else _word_warning(settings)
        self.hsts = b"max-age=31536000" + (b"; includeSubDomains" if settings.hsts_include_subdomains else b"")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, and log it whatever becomes of it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        begin, arrival = time.perf_counter(), Arrival()
        state, headers = scope.setdefault("state", {}), Headers(scope=scope)
        state["client"] = self._find_client(scope, headers)
        self._warn_of_strangers(state["client"].address)
        state["request_id"] = _choose_request_id(headers)
        request_facts.set({"client": state["client"].address, "request_id": state["request_id"]})
        # HEAD goes the way of GET, and the server sends the head alone: FastAPI's routes know none by themselves.
        asked = {**scope, "method": "GET"} if scope["method"] == "HEAD" else scope
        hsts = self.hsts if _came_by_https(scope, headers) else None
        outgoing = _Outgoing(send, arrival, state["request_id"], hsts)
        try:
            await self._serve(asked, LimitedBody(receive, headers), outgoing)
        finally:
            seconds = time.perf_counter() - begin
            count_answer(scope["method"], asked, outgoing.status, seconds)
            _log(scope, outgoing.status, seconds)

    async def _serve(self, scope: Scope, receive: Receive, outgoing: "_Outgoing") -> None:
        try:
            refusal = self._find_refusal(scope)
            await (answer(refusal) if refusal else self.app)(scope, receive, outgoing)
        except Exception:
            UNHANDLED.inc()
            logger.exception("unhandled_error", extra={"event": {"request_id": scope["state"]["request_id"]}})
            if outgoing.status:
                raise
            await answer(InternalError())(scope, receive, outgoing)

    def _warn_of_strangers(self, address: str) -> None:
        """Tell the operator, once, that a development serves the internet; a phone on the same network is none."""
        if self._warning and not self.local_only and is_public(address):
            logger.warning("development_serves_strangers", extra={"event": {"reason": self._warning}})
            self._warning = None

    def _find_refusal(self, scope: Scope) -> ApiError | None:
        if _size_of_head(scope) > HEAD_MAX:
            return HeadTooLarge()
        if self.local_only and not is_loopback(scope["state"]["client"].address):
            return InsecureConfiguration()
        return None

    def _find_client(self, scope: Scope, headers: Headers) -> Client:
        forwarded = ",".join(headers.getlist("x-forwarded-for"))
        address = find_address(scope.get("client"), forwarded, self.trusted, scope.get("server"))
        return Client(str(address), clean_user_agent(headers.get("user-agent", "")))


class _Outgoing:
    """Sends on, adding the headers that every answer carries and keeping its status for the log."""

    def __init__(self, send: Send, arrival: Arrival, request_id: str, hsts: bytes | None) -> None:
        self.send = send
        self.arrival = arrival
        self.own = [(b"x-request-id", request_id.encode())]
        self.own += [(b"strict-transport-security", hsts)] if hsts else []
        self.status = 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.arrival.be_answered()
            present = {name for name, _ in message["headers"]}
            ours = [pair for pair in HEADERS.items() if pair[0] not in present]
            message["headers"] = [*message["headers"], *self.own, *ours]
        await self.send(message)


def _word_warning(settings: Settings) -> str:
    links = f"; links in mails lead to {settings.public_url}" if is_this_machine(settings.public_host) else ""
    return (
        f"ENVIRONMENT=production is not set, so unsafe settings are not refused{links}: see CreateDB/main.py --doctor"
    )


def _size_of_head(scope: Scope) -> int:
    """Count what the client sent before its body, whatever server has read it."""
    address = len(scope.get("raw_path") or b"") + len(scope["query_string"])
    return address + sum(len(name) + len(value) + 4 for name, value in scope["headers"])


def _came_by_https(scope: Scope, headers: Headers) -> bool:
    """Tell what the first proxy says, whoever it is: who claims https over plain http is told what browsers ignore."""
    forwarded = headers.get("x-forwarded-proto", "").partition(",")[0].strip().lower()
    return "https" in {scope["scheme"], forwarded}


def _choose_request_id(headers: Headers) -> str:
    """Take the caller's when it is a plain one, else make one; it tells lines apart and guards nothing."""
    given = headers.get("x-request-id", "")
    return given if REQUEST_ID.fullmatch(given) else f"{getrandbits(128):032x}"


def _log(scope: Scope, status: int, seconds: float) -> None:
    # A server that is told of a prefix, which a proxy takes off, has it in the path (uvicorn --root-path).
    if scope["path"].removeprefix(scope.get("root_path", "")) in PROBES and status == HTTPStatus.OK:
        return
    state = scope["state"]
    line = {"method": scope["method"], "path": scope["path"][:PATH_MAX], "status": status}
    line |= {"latency_ms": round(seconds * 1000, 2)}
    line |= {"client": state["client"].address, "request_id": state["request_id"]}
    # What a refusal was: a guess, a flood, a form that is none, a right that is not theirs.
    line |= {name: state[name] for name in ("user", "code") if state.get(name)}
    logger.info("request", extra={"event": line})
