"""What makes one sign-in count on other hosts of a domain: the domain of its cookies, and where it leads back to."""

import re

# Two names at least, of which the last is no number: an IP address, like `com`, is no domain of cookies.
DOMAIN = re.compile(r"(?:[a-z0-9-]{1,63}\.)+[a-z][a-z0-9-]{0,62}")
ORIGIN = re.compile(r"https://[a-z0-9][a-z0-9.-]*(?::[0-9]{1,5})?")


def parse_domain(value: str) -> str:
    """Return a domain that cookies can be for; ValueError for what no browser would take."""
    if not DOMAIN.fullmatch(value):
        raise ValueError("must be a domain of your own such as example.com, in small letters and without a first dot")
    return value


def parse_origins(value: str) -> tuple[str, ...]:
    """Return origins exactly as browsers write them; ValueError for anything more or less than that."""
    origins = tuple(origin.strip() for origin in value.split(",") if origin.strip())
    if not all(ORIGIN.fullmatch(origin) and not origin.endswith(":443") for origin in origins):
        raise ValueError("must be a comma list of origins such as https://app.example.com, with nothing behind them")
    return origins


def is_below(origin: str, domain: str) -> bool:
    """Tell whether a browser sends cookies of the domain to this origin."""
    host = origin.removeprefix("https://").partition(":")[0]
    return host == domain or host.endswith(f".{domain}")
