"""Services beside the suite, which ask the API whose a token is."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from starlette.testclient import TestClient

from app.config import Settings
from app.crud.services import insert_service
from app.models import Service
from app.secrets.service_secrets import make_secret
from CreateDB.server.engine import make_engine

INACTIVE = {"active": False}


@dataclass
class Asker:
    """A service with its credential."""

    http: Any
    name: str
    secret: str

    def send(self, token: str, **more: Any) -> Any:
        """Ask about a token."""
        return self.http.post("/introspect", data={"token": token}, auth=(self.name, self.secret), **more)

    def ask(self, token: str) -> Any:
        """Ask about a token, and read the answer."""
        answer = self.send(token)
        assert answer.status_code == 200, answer.text  # noqa: PLR2004 OK
        return answer.json()


MakeService = Callable[..., Asker]


def add_service(database_url: str, name: str, scopes: str = "") -> str:
    """Add a service as an operator would, and return its secret."""
    (secret, secret_hash), now = make_secret(), datetime.now(UTC)
    row = Service(name=name, scopes=scopes, secret_hash=secret_hash, created_at=now, rotated_at=now)
    engine = make_engine(database_url)
    with engine.begin() as connection:
        insert_service(connection, row)
    engine.dispose()
    return secret


@pytest.fixture
def make_service(api: TestClient, settings: Settings) -> MakeService:
    """Give a function that adds a service to the API in this process."""

    def make(name: str = "shop", scopes: str = "") -> Asker:
        return Asker(api, name, add_service(settings.database_url.get_secret_value(), name, scopes))

    return make


@pytest.fixture
def shop(make_service: MakeService) -> Asker:
    """Give a service that is told all there is to tell."""
    return make_service("shop", "username email role")
