"""Examines the settings of the pages, where those are installed beside this command."""

import logging
from typing import TYPE_CHECKING

from app.config import Settings
from CreateDB.doctor.configuration import GOOD_SECRET, judge_way
from CreateDB.doctor.findings import Finding, Findings

if TYPE_CHECKING:
    from FlaskProject.config import Config

BY_TLS = (
    "Set BACKEND_URL=https://…, and REQUESTS_CA_BUNDLE for an authority of your own; or keep the API where only "
    "machines of yours are between."
)


def examine_pages(settings: Settings | None) -> Findings:
    """Judge the signing key, the cookies and the way to the API."""
    try:
        from FlaskProject.config import ConfigError, load_config  # noqa: PLC0415 not in every installation
    except ImportError:  # neither the folder alone nor the packages alone make pages
        yield Finding("pages_settings", "ok", "The pages are not installed beside this command: not examined.")
        return
    logging.disable()  # its warnings are findings here
    try:
        config, again = load_config(), load_config()
    except ConfigError as error:
        yield Finding("pages_settings", "failure", f"The pages cannot start: {error}.", "Correct FlaskProject/.env.")
        return
    finally:
        logging.disable(logging.NOTSET)
    if settings is not None and settings.environment != config.environment:
        text = f"The pages run for {config.environment}, the API for {settings.environment}."
        yield Finding("pages_settings", "warning", text, "Set ENVIRONMENT alike in both.")
    else:
        yield Finding("pages_settings", "ok", f"The pages' settings can be read, for {config.environment}.")
    if settings is not None and not _is_one_brand(config, settings):
        text = "Pages and mails do not look like one service: their SERVICE_NAME or ACCENT_COLOUR differs."
        yield Finding("brand", "warning", text, "Set both alike for the pages and for the API.")
    yield from _examine_key(config, settings, drawn=again.secret_key != config.secret_key)
    # Production does not start without Secure.
    flags = "Secure and " if config.secure_cookies else ""
    without = "" if config.secure_cookies else ", and not Secure in development"
    yield Finding("cookies", "ok", f"Cookies are {flags}SameSite={config.samesite}{without}.")
    yield from judge_way("backend_tls", "BACKEND_URL", config.backend_url, BY_TLS)


def _is_one_brand(config: "Config", settings: Settings) -> bool:
    colour = config.brand.accent and config.brand.accent.colour
    return (config.brand.name, colour) == (settings.service_name, settings.accent_colour)


def _examine_key(config: "Config", settings: Settings | None, *, drawn: bool) -> Findings:
    """Judge the key; where none is set, the pages draw another one at each start."""
    signing = settings.signing_secrets if settings is not None else []
    if config.secret_key_weakness:
        text = f"SECRET_KEY {config.secret_key_weakness}: the pages answer this machine only."
        yield Finding("secret_key", "warning", text, f"Set another. {GOOD_SECRET}")
    elif drawn:
        text = "SECRET_KEY is not set: each start and each worker draws its own, and refuses the forms of the others."
        yield Finding("secret_key", "warning", text, f"Set one. {GOOD_SECRET}")
    elif not {config.secret_key, *config.secret_key_fallbacks}.isdisjoint(signing):
        text = "SECRET_KEY is also a key of the API: who learns one can forge both tokens and cookies."
        yield Finding("secret_key", "failure", text, f"Set another. {GOOD_SECRET}")
    else:
        yield Finding("secret_key", "ok", "SECRET_KEY is not weak.")
