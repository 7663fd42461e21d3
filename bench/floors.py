"""The floors: what the same machine does with bare endpoints, measured in the same run as ours."""

import os
from datetime import datetime

import requests
from fastapi import FastAPI
from flask import Flask, render_template, request
from flask_wtf.csrf import CSRFProtect  # type: ignore[import-untyped]  # it ships no types
from jinja2 import DictLoader
from sqlalchemy import bindparam, create_engine, select

from app.models import metadata

FORM = """<!doctype html><title>Pupero</title>
<form method="post"><input type="hidden" name="csrf_token" value="{{ csrf_token() }}"><button>Go</button></form>"""

users = metadata.tables["users"]


def make_select() -> FastAPI:
    """F1: FastAPI, a sync endpoint, one indexed SELECT by primary key with SQLAlchemy Core."""
    app = FastAPI(telemetry={"tracing": False, "metrics": False})
    engine = create_engine(os.environ["DATABASE_URL"], pool_size=40, max_overflow=0, isolation_level="AUTOCOMMIT")
    columns = (users.c.email, users.c.username, users.c.role, users.c.phrase, users.c.created_at)
    query = select(*columns).where(users.c.id == bindparam("id"))

    @app.get("/")
    def read() -> dict[str, str | datetime | None]:
        with engine.connect() as connection:
            row = connection.execute(query, {"id": 1}).one()
        return {"email": row[0], "username": row[1], "role": row[2], "phrase": row[3]}

    return app


def make_nothing() -> FastAPI:
    """F2: FastAPI, an endpoint that does nothing."""
    app = FastAPI(telemetry={"tracing": False, "metrics": False})

    @app.get("/")
    async def read() -> dict[str, str]:
        return {"status": "ok"}

    return app


def make_page() -> Flask:
    """F4: a bare Flask page."""
    app = Flask(__name__)

    @app.get("/")
    def read() -> str:
        return "<!doctype html><title>Pupero</title><p>Hello"

    return app


def make_form() -> Flask:
    """Serve the least that any page with a form is: F4 with a template, a CSRF token and the signed session of that."""
    app = Flask(__name__)
    app.config["SECRET_KEY"] = os.urandom(32)
    app.jinja_loader = DictLoader({"form.html": FORM})
    CSRFProtect(app)

    @app.get("/")
    def read() -> str:
        return render_template("form.html")

    return app


def make_form_and_call() -> Flask:
    """Serve the least that a signed-in page is: the form, and one call of the API by a Session of requests."""
    app, http, account = make_form(), requests.Session(), f"{os.environ['BACKEND_URL']}/user/account"

    def read() -> str:
        token = request.cookies.get("access_token", "")
        answer = http.get(account, headers={"Authorization": f"Bearer {token}"}, timeout=5)
        return render_template("form.html", account=answer.json())

    app.view_functions["read"] = read
    return app
