"""What is not asked of passwords, and what no installation brings along."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from testing.api import RunSql, SignedIn, sign_in


@pytest.mark.asvs("6.2.10")
def test_a_password_does_not_grow_old(user: SignedIn, sql: RunSql) -> None:
    """Whoever has had one for ten years signs in, and is asked for no other."""
    sql("UPDATE users SET password_changed_at = '2016-01-01 00:00:00'")

    assert sign_in(user.http, user.person).get("/user/profile").status_code == 200


@pytest.mark.asvs("6.3.2")
def test_a_new_installation_has_no_accounts(api: TestClient, sql: RunSql) -> None:
    """Nobody, and no way in that somebody could know."""
    answers: list[Any] = [
        api.post("/login", json={"username": name, "password": name}).json()["code"] for name in ("root", "admin")
    ]

    assert sql("SELECT id FROM users") == []
    assert answers == ["invalid_credentials"] * 2
