"""The counters, for Prometheus: whoever has METRICS_TOKEN; without one, programs on this machine."""

import hmac

from fastapi import APIRouter, Depends, Request
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.responses import Response

from app.clients.addresses import is_direct
from app.deps import FromResources, read_bearer
from app.errors import MetricsForbidden, TokenInvalid
from app.services.metrics import render

router = APIRouter(include_in_schema=False)


async def require_reader(request: Request, resources: FromResources) -> None:
    """Refuse everybody else; an access token of an account opens nothing here."""
    token = resources.settings.metrics_token
    if token is None:
        if not is_direct(request.scope.get("client"), request.headers):
            raise MetricsForbidden
        return
    if not hmac.compare_digest(read_bearer(request).encode(), token.get_secret_value().encode()):
        raise TokenInvalid


@router.get("/metrics", dependencies=[Depends(require_reader)])
async def show_metrics(resources: FromResources) -> Response:
    """Write them down as they are now."""
    return Response(await render(resources), media_type=CONTENT_TYPE_LATEST)
