"""What a try that failed means for its row, and for those behind it."""

from datetime import timedelta


class NotDelivered(Exception):
    """This one did not get through; a later try may, no sooner than after `wait`."""

    def __init__(self, reason: str, wait: timedelta | None = None) -> None:
        """Say why, without anything that somebody has chosen."""
        super().__init__(reason)
        self.wait = wait or timedelta(0)


class Refused(NotDelivered):
    """The other side will never take this one."""


class ServerAway(NotDelivered):
    """Nothing gets through at the moment."""


def describe(error: Exception) -> str:
    """Name a failure by its kind and number; its text may hold somebody's address."""
    number = getattr(error, "smtp_code", None) or getattr(error, "errno", None)
    return " ".join(str(part) for part in (type(error).__name__, number) if part)
