"""Examines what the API's settings alone tell: keys, refused passwords, trusted networks, the way to Redis."""

from urllib.parse import urlsplit

from app.config import Network, Settings
from app.passwords.common import CommonPasswords
from app.secrets.weak_keys import find_weakness
from app.settings.production import is_everybody
from CreateDB.doctor.findings import Finding, Findings, is_this_machine, judge

GOOD_SECRET = 'python3 -c "import secrets; print(secrets.token_urlsafe(48))" prints a good one.'
WIDE_V4, WIDE_V6 = 16, 48  # prefixes that are a whole site rather than its proxies
PROXIES = "Name the addresses of your own proxies and of the pages' host."
BUNDLED = "the 11,000 that come along"
MAKE = (
    "python scripts/common_passwords.py pwnedpasswords.txt ours.txt common.passwords makes a list of breached ones; "
    "name it in COMMON_PASSWORDS_FILE (docs/operations.md)."
)


def examine_secrets(settings: Settings) -> Findings:
    """Judge each key as production would, also those that only verify or decrypt."""
    answers = "does not start" if settings.environment == "production" else "answers its own machine only"
    for name, secret in (("JWT_SECRET_KEY", settings.jwt_secret_key), ("METRICS_TOKEN", settings.metrics_token)):
        if secret is None:
            continue
        if weakness := find_weakness(secret.get_secret_value()):
            text = f"{name} {weakness}: the API {answers}."
            yield Finding(name.lower(), judge(settings), text, f"Set another. {GOOD_SECRET}")
        else:
            yield Finding(name.lower(), "ok", f"{name} is long and looks random.")
    lists = {"JWT_PREVIOUS_SECRET_KEYS": settings.jwt_previous_secret_keys}
    lists |= {"TOTP_ENCRYPTION_KEYS": settings.totp_encryption_keys}
    for name, keys in lists.items():
        weak = next((why for key in keys if (why := find_weakness(key.get_secret_value()))), None)
        if weak:
            yield Finding(
                name.lower(), judge(settings), f"A key of {name} {weak}.", "Rotate it out: docs/operations.md."
            )
        elif keys:
            yield Finding(name.lower(), "ok", f"Each key of {name} is long and looks random.")


def examine_key_of_secrets(settings: Settings) -> Findings:
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


def examine_proxies(settings: Settings) -> Findings:
    """Tell of networks in which anybody could pose as any client."""
    everyone = [network for network in settings.trusted_proxies if is_everybody(network)]
    wide = [network for network in settings.trusted_proxies if _is_wide(network)]
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


def examine_common_passwords(settings: Settings) -> Findings:
    """Say which list is used and how long it is; the bundled one alone knows few of those that were ever breached."""
    if settings.common_passwords_file is None:
        text = f"Of common and breached passwords only {BUNDLED} are refused."
        yield Finding("common_passwords", "warning", text, MAKE)
        return
    count = len(CommonPasswords(settings.common_passwords_file))
    text = f"{settings.common_passwords_file} has {count:,} passwords that are refused, beside {BUNDLED}."
    yield Finding("common_passwords", "ok" if count else "warning", text, None if count else MAKE)


def examine_floods(settings: Settings) -> Findings:
    """Judge the way to Redis, which is told every client's address, and the password that stands in it."""
    if settings.rate_limit_storage_uri is not None:
        fix = "Set RATE_LIMIT_STORAGE_URI=rediss://…, or keep Redis where only your own machines are between."
        uri = settings.rate_limit_storage_uri.get_secret_value()
        yield from judge_way("rate_limit_storage_tls", "RATE_LIMIT_STORAGE_URI", uri, fix)


def judge_way(id_: str, name: str, address: str, fix: str) -> Findings:
    """Judge an address by its scheme; of the address only the host is told, for a password may stand in the rest."""
    parts = urlsplit(address)
    if is_this_machine(parts.hostname):
        return
    if parts.scheme in {"https", "rediss"}:
        yield Finding(id_, "ok", f"The connection to {parts.hostname} is encrypted.")
    else:
        text = f"{name} leads to {parts.hostname} unencrypted: what is sent there can be read on its way."
        yield Finding(id_, "warning", text, fix)
