"""What may come along with an account, so that a page asks once for all that it shows; a leaf as `schemas.py` is."""

from typing import Literal, TypeAlias

from pydantic import BaseModel, Field

from app.factor_schemas import PasskeyList, TrustedDevice
from app.schemas import Account, SessionInfo

Inclusion: TypeAlias = Literal["sessions", "passkeys", "trusted_devices", "last_sign_in"]


class Inclusions(BaseModel):
    """What an answer is to bring along."""

    include: list[Inclusion] = Field(
        default=[], max_length=8, description="What comes along in `included`, each as its own endpoint lists it."
    )


class Included(BaseModel):
    """What came along with an account; null is what was not asked for."""

    sessions: list[SessionInfo] | None = Field(default=None, description="As `GET /user/sessions` lists them.")
    passkeys: PasskeyList | None = Field(default=None, description="As `GET /passkeys` lists them.")
    trusted_devices: list[TrustedDevice] | None = Field(
        default=None, description="As `GET /user/trusted-devices` lists them."
    )
    last_sign_in: SessionInfo | None = Field(
        default=None, description="The session that began with the latest sign-in; null once it is over."
    )


class FullAccount(Account):
    """Everything a person may want to see of their account, and what came along."""

    included: Included | None = Field(
        default=None, exclude_if=lambda included: included is None, description="Only where `include` asks for it."
    )
