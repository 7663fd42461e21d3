"""Who is next: a line for each client group, and the lines are served in turn, so that a storm delays itself alone.

Those who come from an address that their account knows have every second turn while any of them waits.
"""

import asyncio
from collections import deque
from dataclasses import dataclass
from typing import NamedTuple

from app.clients.addresses import list_networks


class Party(NamedTuple):
    """Whose turn it is: a client group, and whether the account in question has signed in from there."""

    group: str
    known: bool = False


def party_of(address: str, *, known: bool = False) -> Party:
    """Group a client: one subscriber's whole IPv6 network, up to a /48, is one party."""
    return Party(list_networks(address)[-1], known)


@dataclass(eq=False)
class Waiter:
    """Somebody in a line."""

    party: Party
    turn: "asyncio.Future[None]"

    @property
    def has_turn(self) -> bool:
        """Whether a thread was handed over."""
        return self.turn.done() and not self.turn.cancelled() and self.turn.exception() is None


class _Lane:
    """The lines of one kind of parties; the first in the dict has the next turn."""

    def __init__(self) -> None:
        """Begin without a line."""
        self.lines: dict[str, deque[Waiter]] = {}

    def __len__(self) -> int:
        """Count who waits."""
        return sum(map(len, self.lines.values()))

    def take_first(self) -> Waiter:
        """Return the first of the line whose turn it is; that line goes to the end."""
        group, line = next(iter(self.lines.items()))
        del self.lines[group]
        waiter = line.popleft()
        if line:
            self.lines[group] = line
        return waiter

    def remove(self, waiter: Waiter) -> None:
        """Let somebody leave, who may have left already."""
        line = self.lines.get(waiter.party.group, deque())
        if waiter in line:
            line.remove(waiter)
        if not line:
            self.lines.pop(waiter.party.group, None)

    def find_longest(self) -> deque[Waiter]:
        """Return the longest line."""
        return max(self.lines.values(), key=len, default=deque())


class FairQueue:
    """Everybody who waits."""

    def __init__(self) -> None:
        """Begin empty."""
        self._lanes = (_Lane(), _Lane())  # strangers, known
        self._turn = 0

    def add(self, party: Party) -> Waiter:
        """Stand in line."""
        waiter = Waiter(party, asyncio.get_running_loop().create_future())
        self._lanes[party.known].lines.setdefault(party.group, deque()).append(waiter)
        return waiter

    def remove(self, waiter: Waiter) -> None:
        """Leave the line."""
        self._lanes[waiter.party.known].remove(waiter)

    def take_next(self) -> Waiter | None:
        """Return whose turn it is, out of the line."""
        self._turn = 1 - self._turn
        for lane in (self._lanes[self._turn], self._lanes[1 - self._turn]):
            if lane.lines:
                return lane.take_first()
        return None

    def count(self, group: str) -> int:
        """Count those of a group who wait."""
        return sum(len(lane.lines.get(group, ())) for lane in self._lanes)

    def find_greediest(self, party: Party) -> Waiter | None:
        """Return who gives way to a newcomer when the queue is full: the last of the longest line.

        That is one of the other kind where they hold more than half of the queue; else a line that stays at least as
        long as the newcomer's becomes. None when the newcomer asks for more than everybody else has.
        """
        own, other = self._lanes[party.known], self._lanes[not party.known]
        if len(other) > len(own) + 1:
            return other.find_longest()[-1]
        longest = own.find_longest()
        return longest[-1] if len(longest) > len(own.lines.get(party.group, ())) + 1 else None
