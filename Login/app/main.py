"""The API's table of contents."""

import asyncio
import logging
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import cache
from importlib import import_module
from typing import Any

from fastapi import APIRouter, FastAPI
from starlette.routing import BaseRoute

from app.config import ConfigurationError, Settings, load_settings
from app.mail.worker import running_worker
from app.resources import make_resources
from app.routes import (
    accounts,
    disowning,
    docs,
    emails,
    events,
    exports,
    health,
    introspection,
    logins,
    looking,
    metrics,
    passkeys,
    passwords,
    reauthentication,
    sessions,
    totp,
    trusted_devices,
)
from app.runtime import huge_pages
from app.runtime.collection import settle_collection
from app.runtime.logs import set_up_logging
from app.services.health import report_unreadable_secrets
from app.services.metrics import sample_forever
from app.services.sweeping import sweep_forever
from app.web.cors import allow_origins
from app.web.middleware import Edge
from app.web.openapi import describe_api, name_operation
from app.web.problems import handle_errors
from app.webhooks.worker import running_worker as running_webhook_worker

logger = logging.getLogger(__name__)


def create_app(settings: Settings) -> FastAPI:
    """Make the application as the settings say."""
    app = FastAPI(
        title=settings.service_name,
        lifespan=_live,
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json" if settings.docs_enabled else None,
        redirect_slashes=False,  # to wherever the Host header says
        telemetry={"tracing": False, "metrics": False},
        routes=_endpoints(),
    )
    app.state.resources = make_resources(settings)
    if settings.docs_enabled:
        app.include_router(docs.router)
        app.mount("/docs/assets", docs.serve_assets())
    handle_errors(app)
    describe_api(app)
    allow_origins(app, settings.cors_allowed_origins)
    app.add_middleware(Edge, settings=settings)
    return app


@cache
def _endpoints() -> list[BaseRoute]:
    """Put the routers together, once for all applications of a process: to read them is half of what one costs."""
    table = APIRouter(generate_unique_id_function=name_operation)
    # Each request is compared with one after the other: what services ask all day stands in front.
    parts = (introspection, accounts, logins, sessions, reauthentication, totp, passkeys, passwords, emails, looking)
    for part in (*parts, trusted_devices, disowning, events, exports, health, metrics):
        table.include_router(part.router)
    return table.routes


@asynccontextmanager
async def _live(app: FastAPI) -> AsyncIterator[None]:
    resources = app.state.resources
    if weaknesses := resources.settings.weaknesses:
        reason = f"{weaknesses[0]}: answering this machine only"
        logger.warning("insecure_configuration", extra={"event": {"reason": reason}})
    if huge_pages.are_for_who_asks() and not huge_pages.are_asked_for():
        gain = f"password hashes take about a quarter less time with GLIBC_TUNABLES={huge_pages.TUNABLE}"
        logger.info("huge_pages_unused", extra={"event": {"reason": gain}})
    forever = (report_unreadable_secrets, sweep_forever, sample_forever)
    background = [asyncio.create_task(work(resources)) for work in forever]
    async with running_worker(resources), running_webhook_worker(resources):
        yield
    for task in background:
        task.cancel()
    await resources.floods.close()
    resources.close()


def __getattr__(name: str) -> Any:  # noqa: ANN401 a module's attribute
    """Make `app` when uvicorn asks for it, so that importing this module needs no settings."""
    if name != "app":
        raise AttributeError(name)
    set_up_logging()
    try:
        globals()["app"] = create_app(load_settings())
    except ConfigurationError as error:
        sys.exit(f"Pupero cannot start: {error}")
    with suppress(ImportError):  # another server, or a Python without httptools: uvicorn's other parser has its bounds
        import_module("app.web.connections").bound_connections()
    settle_collection()
    return globals()["app"]
