"""What every template can use."""

from functools import partial
from typing import Any

from flask import Flask
from jinja2 import pass_context
from jinja2.runtime import Context

from FlaskProject.backend.answers import Account
from FlaskProject.languages.current import current_language
from FlaskProject.languages.known import KNOWN, OFFERED, Language
from FlaskProject.messages import TEXT, escape_text, has_text, t
from FlaskProject.rendering.addresses import address, static
from FlaskProject.rendering.devices import device_kind, device_name, place_name
from FlaskProject.rendering.own_paths import current_in_menu, here, worth_carrying
from FlaskProject.rendering.return_addresses import this_page
from FlaskProject.rendering.scripts import need_script, needed_scripts
from FlaskProject.rendering.telling import told_above, told_at
from FlaskProject.rendering.times import ago, clock_time, date, date_and_time
from FlaskProject.settings.brand import Brand
from FlaskProject.settings.service_names import isolate
from FlaskProject.signed_in.identity import services, tokens


def init_templates(app: Flask, brand: Brand) -> None:
    """Add our words, times, addresses and name to Jinja's globals."""
    app.jinja_env.globals.update(ago=ago, clock_time=clock_time, date=date, date_and_time=date_and_time)
    app.jinja_env.globals.update(told_above=told_above, told_at=told_at, current_in_menu=current_in_menu)
    app.jinja_env.globals.update(t=t, static=static, url_for=address, here=here, worth_carrying=worth_carrying)
    app.jinja_env.globals.update(device_kind=device_kind, device_name=device_name, place_name=place_name)
    app.jinja_env.globals.update(need_script=need_script, needed_scripts=needed_scripts)
    app.jinja_env.globals.update(language=current_language, languages=_languages, this_page=this_page)
    app.jinja_env.globals.update(phrase_of=partial(_phrase_of, TEXT["phrase.starting"].format(service=brand.name)))
    app.jinja_env.globals.update(brand=brand, service=isolate(brand.name), isolate=isolate)
    app.jinja_env.filters["t"] = _translated
    app.jinja_env.tests["labelled"] = lambda name: has_text(f"label.{name}")
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.context_processor(_visit)


def _visit() -> dict[str, Any]:
    """Tell the layout whether somebody may be signed in, though a page need not know who."""
    return {"may_be_signed_in": tokens().sent and not tokens().to_forget}


def _phrase_of(starting: str, account: Account) -> str:
    """Return a phrase as its owner reads it: the one that everybody starts with, unless an operator's, in words."""
    is_ours = account.phrase_is_default and account.phrase == starting
    return t("phrase.starting", service=services().config.brand.name) if is_ours else account.phrase


def _languages() -> list[Language]:
    return [KNOWN[tag] for tag in OFFERED]


@pass_context  # else Jinja would work it out once, when the template is compiled, in whichever language that was
def _translated(_context: Context, key: str) -> str:
    return escape_text(current_language().tag, key)
