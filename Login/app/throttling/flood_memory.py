"""The memory of one process for floods: what `limits` keeps, without its visit to every client at each request."""

import time

from limits.aio.storage.memory import Entry, MemoryStorage

FORGET_EVERY = 60.0  # seconds, after which all that is over is forgotten


class FloodMemory(MemoryStorage):
    """Counts in constant time, however many addresses are known.

    The library looks through all of them at each request, with a change of threads for each: ten thousand addresses
    would stop the service, which is what this is there to prevent.
    """

    _forget_at = 0.0

    async def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """Note a request, unless the window of `expiry` seconds holds `limit` already."""
        now = time.time()
        self._forget(now)
        window = self.events.setdefault(key, [])  # the youngest first
        if window and window[0].atime > now:  # the clock was ahead then
            window.clear()
        if len(window) > limit - amount and window[limit - amount].atime >= now - expiry:
            return False
        window[:0] = [Entry(expiry)] * amount
        del window[limit:]
        return True

    async def give_back(self, key: str) -> None:
        """Take one request out of a window again."""
        if window := self.events.get(key):
            del window[0]

    def _forget(self, now: float) -> None:
        if not 0 < self._forget_at - now <= FORGET_EVERY:
            self._forget_at = now + FORGET_EVERY
            self.events = {key: window for key, window in self.events.items() if window and window[0].expiry > now}
