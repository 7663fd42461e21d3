"""Scripts of other sites (CORS): none may call, unless CORS_ALLOWED_ORIGINS names their origin."""

from collections.abc import Sequence

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware


def allow_origins(app: FastAPI, origins: Sequence[str]) -> None:
    """Let scripts of these origins call with an Authorization header; cookies mean nothing here, so none are let in."""
    if origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=origins,
            allow_credentials=False,
            allow_methods=["GET", "HEAD", "POST", "PUT", "DELETE"],
            allow_headers=["Authorization", "Content-Type"],
            expose_headers=["Retry-After", "X-Request-ID"],
        )
