"""Where a webhook may go: whoever names the receiver must not make the API reach what only its own network reaches."""

import socket
from ipaddress import IPv4Address, ip_address, ip_network

from app.clients.addresses import Address
from app.outbox.outcomes import ServerAway
from app.settings.webhook_receiver import Receiver

NAT64 = ip_network("64:ff9b::/96")  # RFC 6052, section 2.1


def find_addresses(receiver: Receiver, *, private: bool) -> list[str]:
    """Resolve the receiver's name to addresses that it may have; connect to these, for the next answer may differ."""
    answers = socket.getaddrinfo(receiver.host, receiver.port, type=socket.SOCK_STREAM)
    found = dict.fromkeys(str(answer[4][0]) for answer in answers)
    allowed = [address for address in found if may_reach(address, receiver, private=private)]
    if not allowed:
        raise ServerAway("WEBHOOK_URL leads to an address that is not on the internet")
    return allowed


def may_reach(text: str, receiver: Receiver, *, private: bool) -> bool:
    """Whether the receiver may have this address: this machine's if it is named so, else one of the internet.

    Private ones are for whoever says so, and even then none of a link alone, where clouds keep their credentials.
    """
    address = _unwrap(ip_address(text))
    if receiver.is_local:
        return address.is_loopback
    if address.is_loopback or address.is_link_local or address.is_multicast or address.is_unspecified:
        return False
    return not address.is_reserved and (address.is_global or private)


def _unwrap(address: Address) -> Address:
    """Return the IPv4 address that gateways make of an IPv6 one, or the address itself."""
    if isinstance(address, IPv4Address):
        return address
    inner = address.ipv4_mapped or address.sixtofour
    return inner or (IPv4Address(int(address) & 0xFFFFFFFF) if address in NAT64 else address)
