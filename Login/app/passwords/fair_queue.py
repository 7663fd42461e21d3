"""Who is next: a line for each client group, and the lines are served in turn, so that a storm delays itself alone.

Those who come from an address that their account knows have every second turn while any of them waits.
"""

import asyncio
from collections import deque
from typing import NamedTuple, TypeAlias

from app.clients.addresses import list_networks


class Party(NamedTuple):
    """Whose turn it is: a client group, and whether the account in question has signed in from there."""

    group: str
    known: bool = False


def party_of(address: str, *, known: bool = False) -> Party:
    """Group a client: one subscriber's whole IPv6 network, up to a /48, is one party."""
    return Party(list_networks(address)[-1], known)


class Waiter(NamedTuple):
    """Somebody in a line, and what tells them of their turn."""

    party: Party
    turn: "asyncio.Future[None]"


# The lines of one kind of parties; the first has the next turn.
_Lane: TypeAlias = dict[str, deque[Waiter]]


class FairQueue:
    """Everybody who waits."""

    def __init__(self) -> None:
        """Begin empty."""
        self._lanes: tuple[_Lane, _Lane] = ({}, {})  # strangers, known
        self._turn = 0

    def add(self, party: Party) -> Waiter:
        """Stand in line."""
        waiter = Waiter(party, asyncio.get_running_loop().create_future())
        self._lanes[party.known].setdefault(party.group, deque()).append(waiter)
        return waiter

    def remove(self, waiter: Waiter) -> None:
        """Let somebody leave, who may have left already."""
        lane, group = self._lanes[waiter.party.known], waiter.party.group
        if waiter in lane.get(group, ()):
            lane[group].remove(waiter)
            if not lane[group]:
                del lane[group]

    def take_next(self) -> Waiter | None:
        """Return whose turn it is, out of the line, which goes to the end."""
        self._turn = 1 - self._turn
        lane = self._lanes[self._turn] or self._lanes[1 - self._turn]
        if not lane:
            return None
        group = next(iter(lane))
        line = lane.pop(group)
        waiter = line.popleft()
        if line:
            lane[group] = line
        return waiter

    def count(self, group: str) -> int:
        """Count those of a group who wait."""
        return sum(len(lane.get(group, ())) for lane in self._lanes)

    def find_greediest(self, party: Party) -> Waiter | None:
        """Return who gives way to a newcomer when the queue is full: the last of the longest line.

        That is one of the other kind where they hold more than half of the queue; else a line that stays at least as
        long as the newcomer's becomes. None when the newcomer asks for more than everybody else has.
        """
        own, other = self._lanes[party.known], self._lanes[not party.known]
        if _count(other) > _count(own) + 1:
            return _find_longest(other)[-1]
        longest = _find_longest(own)
        return longest[-1] if len(longest) > len(own.get(party.group, ())) + 1 else None


def _count(lane: _Lane) -> int:
    return sum(map(len, lane.values()))


def _find_longest(lane: _Lane) -> deque[Waiter]:
    return max(lane.values(), key=len, default=deque())
