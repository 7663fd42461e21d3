"""What a device is, as far as its label tells: there is an icon for each kind."""

KINDS = {
    **dict.fromkeys(("iPhone", "iPad", "Android"), "phone"),
    **dict.fromkeys(("Windows", "macOS", "Linux", "ChromeOS"), "computer"),
}


def device_kind(label: str) -> str:
    """Tell a phone from a computer by the system that the API names."""
    return KINDS.get(label.rpartition(" on ")[2], "unknown")
