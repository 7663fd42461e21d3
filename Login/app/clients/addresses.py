"""Where a request really comes from: forwarded addresses are believed only from trusted proxies."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TypeAlias

Address: TypeAlias = IPv4Address | IPv6Address
Networks: TypeAlias = Sequence[IPv4Network | IPv6Network]

LOCAL = IPv4Address("127.0.0.1")
HOPS_MAX = 50
ADDRESSES_KEPT = 1024
USER_AGENT_MAX = 255
FORWARDED = ("x-forwarded-for", "forwarded", "x-real-ip", "via")
WITH_PORT = re.compile(r"\[(?P<v6>[^\]]+)\](:\d+)?|(?P<v4>[\d.]+):\d+")


@dataclass(frozen=True)
class Client:
    """Who is at the other end, as far as the network tells."""

    address: str
    user_agent: str
    sid: str | None = None  # of whoever is signed in, and how that was proved
    amr: str | None = None

    def within(self, sid: str, amr: str | None) -> "Client":
        """Return the same client, known by a session."""
        return replace(self, sid=sid, amr=amr)


def find_address(
    peer: tuple[str, int] | None, forwarded_for: str, trusted: Networks, server: tuple[str, int | None] | None = None
) -> Address:
    """Walk from the peer leftwards through X-Forwarded-For while each hop is trusted; the first that isn't, it is.

    uvicorn's own proxy headers (on by default) put a forwarded address in the peer's place, and do so only for
    127.0.0.1: that peer is taken as 127.0.0.1 again, so that the answer is the same with them on or off. `server` is
    the address of ours that the connection was made to.
    """
    entries = forwarded_for.split(",") if forwarded_for else []
    hop: Address = LOCAL
    if peer is not None and not (entries and _is_forwarded(peer, entries, server)):
        hop = parse_address(peer[0]) or LOCAL
    for entry in reversed(entries[-HOPS_MAX:]):
        address = parse_address(entry)
        if address is None or not any(hop in network for network in trusted):
            break
        hop = address
    return hop


def _is_forwarded(peer: tuple[str, int], entries: Sequence[str], server: tuple[str, int | None] | None) -> bool:
    """Whether uvicorn took this peer from the header; what the header says alone would let anybody become 127.0.0.1.

    No real connection has port 0, and none from another machine ever reaches a loopback address.
    """
    return peer[1] == 0 or (_is_loopback(server) and (not _is_loopback(peer) or _is_named(peer, entries)))


def _is_loopback(end: tuple[str, int | None] | None) -> bool:
    return end is not None and is_loopback(end[0])


def _is_named(peer: tuple[str, int], entries: Sequence[str]) -> bool:
    """Whether the rightmost entry that isn't 127.0.0.1 is this peer, with its port."""
    chosen = next((entry for entry in reversed(entries) if parse_address(entry) != LOCAL), "")
    host, _, port = chosen.strip().rpartition(":")
    try:
        return peer == (host.strip("[]"), int(port))
    except ValueError:
        return False


def parse_address(text: str) -> Address | None:
    """Read an address in any spelling, with or without a port; IPv4 inside IPv6 is IPv4."""
    text = text.strip()
    if match := WITH_PORT.fullmatch(text):
        text = match["v6"] or match["v4"]
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address


def group_address(address: str) -> str:
    """Return whom limits take for one: an IPv4 address, or the /64 that one IPv6 subscriber chooses addresses from."""
    parsed = ip_address(address)
    return str(ip_network((parsed, 64), strict=False)) if isinstance(parsed, IPv6Address) else str(parsed)


@lru_cache(ADDRESSES_KEPT)
def list_networks(address: str) -> tuple[str, ...]:
    """Return an address' group, then the larger IPv6 networks that one subscriber may have been given: /56 and /48."""
    parsed = ip_address(address)
    wider = (56, 48) if isinstance(parsed, IPv6Address) else ()
    return (group_address(address), *(str(ip_network((parsed, length), strict=False)) for length in wider))


def clean_user_agent(sent: str) -> str:
    """Return a user agent as it may be stored and shown: printable, and not long."""
    text = sent[: 4 * USER_AGENT_MAX]
    return (text if text.isprintable() else "".join(filter(str.isprintable, text)))[:USER_AGENT_MAX]


def is_direct(peer: tuple[str, int] | None, headers: Mapping[str, str]) -> bool:
    """Whether a program on this machine asks by itself: nothing was forwarded, and no proxy took the peer's place."""
    return peer is not None and peer[1] != 0 and _is_loopback(peer) and not any(map(headers.__contains__, FORWARDED))


def is_loopback(address: str) -> bool:
    """Whether this is an address of the machine itself."""
    parsed = parse_address(address)
    return parsed is not None and parsed.is_loopback


@lru_cache(ADDRESSES_KEPT)
def is_public(address: str) -> bool:
    """Whether this is an address of the internet, and not of a private network, this machine or a test."""
    return ip_address(address).is_global
