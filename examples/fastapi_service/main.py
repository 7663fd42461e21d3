"""A service that lets in whoever Pupero says is signed in, by introspection (RFC 7662).

    PUPERO_URL=http://127.0.0.1:8000 SERVICE_ID=shop SERVICE_SECRET=... uvicorn main:app --port 9000

The secret is the service's own, made by `CreateDB/main.py --create-service shop`. It stays here: no browser or app gets
it, and Pupero's JWT_SECRET_KEY is not needed anywhere but at Pupero.
"""

import logging
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

import httpx
from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

logger = logging.getLogger(__name__)

PATIENCE = 5.0  # seconds for Pupero to answer
AWAY = HTTPException(503, "It cannot be checked at the moment who you are. Try again.", {"Retry-After": "1"})


@asynccontextmanager
async def live(app: FastAPI) -> AsyncIterator[None]:
    """Keep connections to Pupero open from one request to the next."""
    credential = (os.environ["SERVICE_ID"], os.environ["SERVICE_SECRET"])
    async with httpx.AsyncClient(base_url=os.environ["PUPERO_URL"], auth=credential, timeout=PATIENCE) as pupero:
        app.state.pupero = pupero
        yield


app = FastAPI(title="Shop", lifespan=live)
Bearer = Annotated[HTTPAuthorizationCredentials | None, Depends(HTTPBearer(auto_error=False))]


async def get_caller(request: Request, bearer: Bearer) -> dict[str, Any]:
    """Return what Pupero says of the caller: `sub` names the account for good, names and addresses change."""
    told = await introspect(request.app.state.pupero, bearer.credentials) if bearer else {"active": False}
    if not told["active"]:
        raise HTTPException(401, "Sign in.", {"WWW-Authenticate": "Bearer"})
    return told


async def introspect(pupero: httpx.AsyncClient, token: str) -> dict[str, Any]:
    """Ask at every request, so that a logout counts at once; while nobody answers, nobody is let in."""
    try:
        answer = await pupero.post("/introspect", data={"token": token})
        answer.raise_for_status()  # 401 is about our own secret, and never the caller's fault
    except httpx.HTTPError as error:
        logger.error("introspection failed: %r", error)
        raise AWAY from error
    told: dict[str, Any] = answer.json()
    return told


Caller = Annotated[dict[str, Any], Depends(get_caller)]


@app.get("/orders")
async def list_orders(caller: Caller) -> dict[str, Any]:
    """Show the caller's own orders, which are kept under `sub`."""
    return {"of": caller["sub"], "orders": []}


@app.get("/stock")
async def show_stock(caller: Caller) -> dict[str, Any]:
    """Show what only staff may see: Pupero knows the role, this service what it opens."""
    if caller.get("role") != "staff":
        raise HTTPException(403, "This is for staff.")
    return {"stock": []}
