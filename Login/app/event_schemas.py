"""The bodies of an account's history; a leaf as `schemas.py` is."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field, StringConstraints

from app.schemas import AlongWithAccount, WithAccount

Kind = Annotated[str, StringConstraints(pattern=r"^[a-z_]+(\.[a-z_]+)*$", max_length=32)]


class EventQuery(AlongWithAccount):
    """Which part of a history is asked for."""

    before: str | None = Field(default=None, description="`next` of the page before.")
    kind: list[Kind] = Field(default=[], max_length=20, description="`session` means `session.started` and so on.")
    limit: int = Field(default=50, ge=1, le=200, description="At most so many.")


class EventInfo(BaseModel):
    """Something that happened to the account; refusals of the same kind within a minute are one."""

    id: str = Field(examples=["019ac9f1-4b3c-7d2a-9c1e-3f5a7b9d1e2f"])
    kind: str = Field(examples=["session.started"], description="The names stand in docs/authority.md.")
    at: datetime
    last_at: datetime
    count: int = Field(examples=[1])
    outcome: Literal["success", "failure", "unknown"]
    reason: str | None = Field(description="The stable code of what was refused.", examples=["invalid_credentials"])
    actor: Literal["person", "link", "operator", "service", "somebody"]
    client_address: str | None = Field(examples=["203.0.113.7"])
    label: str | None = Field(examples=["Firefox on Linux"])
    session_id: str | None = Field(description="The session by which it was done, or that began.")
    current: bool = Field(description="Whether that is the caller's session.")
    amr: list[str] = Field(description="How that session was proved (RFC 8176).", examples=[["pwd", "otp"]])
    facts: dict[str, str | int] = Field(examples=[{"left": 9}])
    can_disown: bool = Field(description='Whether "this was not me" still takes it back.')


class EventList(WithAccount):
    """A page of a history, the latest first."""

    events: list[EventInfo]
    next: str | None = Field(description="`before` of the next page; null at the end.")
