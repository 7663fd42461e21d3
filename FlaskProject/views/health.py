"""What a load balancer asks: whether to send visitors to this process."""

from http import HTTPStatus

from flask import Blueprint
from flask.typing import ResponseReturnValue

from FlaskProject.signed_in.identity import services

pages = Blueprint("health", __name__)


@pages.get("/readyz")
def ready() -> ResponseReturnValue:
    """Answer 503 once this process is about to end; an API that is away is no reason, for the pages say so."""
    drain_file = services().config.drain_file
    if drain_file is None or not drain_file.exists():
        return {"status": "ok"}
    return {"status": "ending", "code": "draining"}, HTTPStatus.SERVICE_UNAVAILABLE, {"Retry-After": "1"}
