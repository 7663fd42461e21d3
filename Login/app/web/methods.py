"""HEAD wherever GET is, and what a path may be asked with (RFC 9110, sections 9.1 and 15.5.6)."""

from starlette.routing import Match, Mount
from starlette.types import ASGIApp, Receive, Scope, Send

METHODS = ("GET", "POST", "PUT", "DELETE")
OF_FILES = "GET, HEAD"


class HeadAsGet:
    """Answers HEAD as GET; the server sends the head alone. FastAPI's routes know no HEAD by themselves."""

    def __init__(self, app: ASGIApp) -> None:
        """Take what is asked."""
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self.app(scope, receive, send)
            return
        asked = {**scope, "method": "GET"}
        try:
            await self.app(asked, receive, send)
        finally:
            scope["route"] = asked.get("route")  # for the metrics, which are counted outside


def list_allowed(scope: Scope) -> str:
    """Name every method of the path that was asked for; the router names those of its first route only."""
    routes = [route for route in scope["app"].routes if not isinstance(route, Mount)]
    place = {"type": "http", "path": scope["path"], "root_path": scope.get("app_root_path", scope.get("root_path", ""))}
    asked = ({**place, "method": method} for method in METHODS)
    found = [scope["method"] for scope in asked if any(route.matches(scope)[0] is Match.FULL for route in routes)]
    return ", ".join([*found, "HEAD"] if "GET" in found else found) or OF_FILES
