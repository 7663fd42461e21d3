"""Refreshing tokens once, however many tabs ask: one flight per refresh token, its result kept for a moment."""

import hashlib
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from http import HTTPStatus
from threading import Lock

from FlaskProject.backend.answers import TokenPair
from FlaskProject.backend.http import BackendUnavailable, Refusal
from FlaskProject.signed_in.jwt_claims import claims_of

# The API hands a late tab the same successor for as long.
KEEP_SECONDS = 10.0
WAIT_SECONDS = 20.0
MARGIN_SECONDS = 60.0
LONGEST_CHAIN = 8


@dataclass
class _Flight:
    result: Future[TokenPair] = field(default_factory=Future)
    landed_at: float | None = None


class Refresher:
    """Shares refreshes among the threads of this process."""

    def __init__(self) -> None:
        """Start with nothing in the air."""
        self._lock = Lock()
        self._flights: dict[bytes, _Flight] = {}

    def refresh(self, refresh_token: str, trade: Callable[[str], TokenPair]) -> TokenPair:
        """Return the pair that follows a refresh token, trading each token of the line at most once."""
        for _ in range(LONGEST_CHAIN):
            pair, traded_now = self._share(refresh_token, trade)
            # A tab that comes seconds late is handed the kept pair, which a short lifetime may have outlived.
            if traded_now or not ends_soon(pair.access_token):
                break
            refresh_token = pair.refresh_token
        return pair

    def _share(self, refresh_token: str, trade: Callable[[str], TokenPair]) -> tuple[TokenPair, bool]:
        key = hashlib.sha256(refresh_token.encode()).digest()
        flight, leads = self._board(key)
        if leads:
            self._fly(key, flight, lambda: trade(refresh_token))
        try:
            return flight.result.result(timeout=WAIT_SECONDS), leads
        except TimeoutError:
            raise BackendUnavailable("a refresh under way took too long") from None

    def _board(self, key: bytes) -> tuple[_Flight, bool]:
        with self._lock:
            horizon = time.monotonic() - KEEP_SECONDS
            kept = [one for one in self._flights.items() if one[1].landed_at is None or one[1].landed_at > horizon]
            self._flights = dict(kept)
            leads = key not in self._flights
            return self._flights.setdefault(key, _Flight()), leads

    def _fly(self, key: bytes, flight: _Flight, trade: Callable[[], TokenPair]) -> None:
        try:
            flight.result.set_result(trade())
        except BaseException as failure:  # noqa: BLE001 those who wait must hear of it, whatever it is
            if not (isinstance(failure, Refusal) and failure.status == HTTPStatus.UNAUTHORIZED):
                # Not kept: the API may be back a second later.
                with self._lock:
                    self._flights.pop(key, None)
            flight.result.set_exception(failure)
        flight.landed_at = time.monotonic()


def ends_soon(access_token: str) -> bool:
    """Tell whether a token is over, unreadable, or will end before a page is done with it."""
    claims = claims_of(access_token)
    if claims is None:
        return True
    # Short lifetimes get a margin in proportion, else they would be refreshed at every click.
    margin = min(MARGIN_SECONDS, claims.lifetime / 4)
    return claims.ends - time.time() <= margin
