"""What a device is called and what it looks like, as far as the API's label tells."""

from FlaskProject.messages import t

ON = " on "  # what stands in a label between a program and the system that it runs on
NAMES = {"Unknown device": "device.unknown", "A Python program": "device.python"}
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
