"""What all refusals share: a stable code to switch on, a status, a sentence for people."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, ClassVar


class ApiError(Exception):
    """The family: raise a subclass anywhere, and one handler turns it into the answer."""

    status: ClassVar[HTTPStatus] = HTTPStatus.BAD_REQUEST
    code: ClassVar[str]
    detail: ClassVar[str]
    challenge: ClassVar[str] = 'Bearer error="invalid_token"'
    sample: ClassVar[Mapping[str, Any]] = {}  # further members of the answer, as the API's page shows them
    sometimes: ClassVar[frozenset[str]] = frozenset()  # those of them that an answer may lack

    def __init_subclass__(cls, *, code: str | None = None, status: int | None = None) -> None:
        """Take the code and the status of a refusal, 400 if none is said; without either it shares its family's."""
        cls.code = code or cls.code
        cls.status = HTTPStatus(status or cls.status)

    def __init__(self, *, retry_after: int | None = None, **extra: object) -> None:
        """Carry members for the answer's body, and the seconds after which a retry makes sense."""
        super().__init__(self.code)
        self.retry_after = retry_after
        self.extra: Mapping[str, Any] = extra
