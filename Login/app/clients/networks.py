"""Addresses that are nowhere on the internet, in words: as numbers they tell a person nothing."""

from ipaddress import ip_network

from app.clients.addresses import is_loopback, parse_address

# RFC 1918, 3927, 4193 and 4291. Not `is_private`, which also has the addresses of examples.
PRIVATE = [
    ip_network(block)
    for block in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "fc00::/7", "fe80::/10")
]


def describe_network(address: str) -> str:
    """Name the network that an address is in, or return nothing for the internet.

    It is never called the reader's own: behind a proxy that is not counted, strangers seem to come from there too.
    """
    if is_loopback(address):
        return "the machine of this service"
    parsed = parse_address(address)
    return "a private network" if any(parsed in block for block in PRIVATE if parsed) else ""
