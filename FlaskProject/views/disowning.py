"""The words "this was not me": what the reader of a notice can do without signing in."""

from flask import Blueprint
from flask.typing import ResponseReturnValue

from FlaskProject.forms.form import Form
from FlaskProject.forms.submissions import submission
from FlaskProject.mail_links.links import button_page, open_link, use_link
from FlaskProject.signed_in.identity import api

pages = Blueprint("disowning", __name__, url_prefix="/account")

disown_page = button_page("disown")


@pages.get("/disown")
def offer() -> ResponseReturnValue:
    """Say what the button will do."""
    return open_link("disown", disown_page, otherwise="home.home")


@pages.post("/disown")
@submission(disown_page)
def disown(form: Form) -> ResponseReturnValue:
    """Sign everybody out of the account and send its owner a way to a new password."""
    return use_link("disown", lambda: api().disown(form.text("token")))
