"""Examines the secrets and networks in the API's settings."""

from app.config import Network, Settings
from app.secrets.weak_keys import find_weakness
from app.settings.production import is_everybody
from CreateDB.doctor.findings import Finding, Findings, Patient

GOOD_SECRET = 'python3 -c "import secrets; print(secrets.token_urlsafe(48))" prints a good one.'
WIDE_V4, WIDE_V6 = 16, 48  # prefixes that are a whole site rather than its proxies
PROXIES = "Name the addresses of your own proxies and of the pages' host."


def examine_secrets(patient: Patient, settings: Settings) -> Findings:
    """Judge each key as production would, also those that only verify or decrypt."""
    answers = "does not start" if settings.environment == "production" else "answers its own machine only"
    for name, secret in (("JWT_SECRET_KEY", settings.jwt_secret_key), ("METRICS_TOKEN", settings.metrics_token)):
        if secret is None:
            continue
        if weakness := find_weakness(secret.get_secret_value()):
            text = f"{name} {weakness}: the API {answers}."
            yield Finding(name.lower(), patient.grave, text, f"Set another. {GOOD_SECRET}")
        else:
            yield Finding(name.lower(), "ok", f"{name} is long and looks random.")
    lists = {"JWT_PREVIOUS_SECRET_KEYS": settings.jwt_previous_secret_keys}
    lists |= {"TOTP_ENCRYPTION_KEYS": settings.totp_encryption_keys}
    for name, keys in lists.items():
        weak = next((why for key in keys if (why := find_weakness(key.get_secret_value()))), None)
        if weak:
            yield Finding(name.lower(), patient.grave, f"A key of {name} {weak}.", "Rotate it out: docs/operations.md.")
        elif keys:
            yield Finding(name.lower(), "ok", f"Each key of {name} is long and looks random.")


def examine_key_of_secrets(_patient: Patient, settings: Settings) -> Findings:
    """Tell of keys that serve two purposes: who learns one then has both."""
    own = {key.get_secret_value() for key in settings.totp_encryption_keys}
    if not own:
        text = "TOTP_ENCRYPTION_KEYS is not set: second factors are encrypted under a key derived from JWT_SECRET_KEY."
        fix = f"Set it, then run --reencrypt. {GOOD_SECRET}"
        production = settings.environment == "production"
        yield Finding("totp_encryption_keys", *(("warning", text, fix) if production else ("ok", text)))
    elif own & set(settings.signing_secrets):
        text = "TOTP_ENCRYPTION_KEYS has a key that also signs tokens."
        fix = "Put a key of its own in front, run --reencrypt, then remove the shared one."
        yield Finding("totp_encryption_keys_shared", "warning", text, fix)


def examine_proxies(_patient: Patient, settings: Settings) -> Findings:
    """Tell of networks in which anybody could pose as any client."""
    everyone = [network for network in settings.trusted_proxies if is_everybody(network)]
    wide = [network for network in settings.trusted_proxies if _is_wide(network) and network not in everyone]
    if everyone:
        text = f"TRUSTED_PROXIES has {everyone[0]}: anybody may claim any address, and no throttle by address holds."
        yield Finding("trusted_proxies", "failure", text, PROXIES)
    elif wide:
        text = f"TRUSTED_PROXIES has {', '.join(map(str, wide))}: every machine in there may claim any client address."
        yield Finding("trusted_proxies", "warning", text, PROXIES)
    else:
        # A network of one machine is written as its address.
        listed = ", ".join(str(net).removesuffix(f"/{net.max_prefixlen}") for net in settings.trusted_proxies)
        yield Finding("trusted_proxies", "ok", f"TRUSTED_PROXIES is {listed or 'empty'}.")


def _is_wide(network: Network) -> bool:
    return network.prefixlen <= (WIDE_V4 if network.version == 4 else WIDE_V6)  # noqa: PLR2004 IPv4
