"""What devices and places are called and what a device looks like, as far as the API's English tells."""

import re

from FlaskProject.messages import t

ON = " on "  # what stands in a label between a program and the system that it runs on
NAMES = {"Unknown device": "device.unknown", "A Python program": "device.python"}
PLACE = re.compile(r"(?P<address>[^ ]+)(?: \((?P<network>[^)]+)\))?, (?P<device>.+)")
NETWORKS = {"the machine of this service": "place.near", "a private network": "place.private"}
KINDS = {
    **dict.fromkeys(("iPhone", "iPad", "Android"), "phone"),
    **dict.fromkeys(("Windows", "macOS", "Linux", "ChromeOS"), "computer"),
}


def device_kind(label: str) -> str:
    """Tell a phone from a computer by the system that the API names."""
    return KINDS.get(label.rpartition(ON)[2], "unknown")


def device_name(label: str) -> str:
    """Call a device in the visitor's words what the API calls it in English."""
    program, on, system = label.rpartition(ON)
    if on:
        return t("device.label", program=device_name(program), system=system)
    return t(NAMES[label]) if label in NAMES else label


def place_name(place: str) -> str:
    """Call a place in the visitor's words: an address, perhaps the network that it is in, and a device."""
    found = PLACE.fullmatch(place)
    if found is None:
        return place
    network, device = found["network"], device_name(found["device"])
    key = NETWORKS.get(network or "")
    line = "place.network" if network else "place"
    return t(line, address=found["address"], network=t(key) if key else network, device=device)
