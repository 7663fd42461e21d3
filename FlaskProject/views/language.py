"""The page on which anybody chooses a language, and comes back from to where they were."""

from flask import Blueprint, redirect, render_template, request
from flask.typing import ResponseReturnValue

from FlaskProject.forms.form import Form, Incomplete
from FlaskProject.forms.kept import stands_at, take_form
from FlaskProject.forms.submissions import submission
from FlaskProject.languages.current import choose
from FlaskProject.languages.known import OFFERED
from FlaskProject.messages import t
from FlaskProject.rendering.return_addresses import page_address
from FlaskProject.signed_in.identity import account_if_any, api

pages = Blueprint("language", __name__)


@pages.get("/language", endpoint="show")
@stands_at("language.show")
def language_page(form: Form | None = None) -> str:
    """Show a button for each language."""
    back = page_address((form and form.text("next")) or request.args.get("next"))
    return render_template("language.html", form=form or take_form(), account=account_if_any(), back=back)


@pages.post("/language")
@submission(language_page)
def choose_language(form: Form) -> ResponseReturnValue:
    """Speak it in this browser; to whoever is signed in everywhere, and in mails."""
    tag = form.text("language")
    if tag and tag not in OFFERED:
        form.notices.append(t("invalid.language"))
        raise Incomplete
    account = account_if_any()
    if account and (account.language or "") != tag:
        api().update(language=tag)
    choose(tag)
    return redirect(page_address(form.text("next")))
