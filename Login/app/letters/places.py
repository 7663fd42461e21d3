"""Where somebody is, in words; what is stored is in English, and put into another language when it is told."""

import re

from app.letters.speech import Speech

PLACE = re.compile(r"(?P<address>[^ ]+)(?: \((?P<network>[^)]+)\))?, (?P<device>.+)")
DEVICE = re.compile(r"(?P<program>.+) on (?P<system>.+)")

OPERATOR = "at the server, by somebody who runs this service"
UNKNOWN = "an unknown place"
NEAR, PRIVATE = "the machine of this service", "a private network"
IN_NETWORK, ANYWHERE = "{address} ({network}), {device}", "{address}, {device}"
ON, NO_BROWSER, NO_DEVICE = "{program} on {system}", "A Python program", "Unknown device"

WORDS = (OPERATOR, UNKNOWN, NEAR, PRIVATE, IN_NETWORK, ANYWHERE, ON, NO_BROWSER, NO_DEVICE)


def say_place(place: str, speech: Speech) -> str:
    """Say where somebody is who was at an address with a device, or an operator."""
    found = PLACE.fullmatch(place)
    if found is None or place == OPERATOR:
        return speech.say(place)
    network, device = found["network"], say_device(found["device"], speech)
    line = speech.say(IN_NETWORK if network else ANYWHERE)
    return line.format(address=found["address"], network=network and speech.say(network), device=device)


def say_device(device: str, speech: Speech) -> str:
    """Say what somebody uses, such as "Firefox on Linux"."""
    found = DEVICE.fullmatch(device)
    if found is None:
        return speech.say(device)
    return speech.say(ON).format(program=speech.say(found["program"]), system=found["system"])
