"""Links from mails that one button uses up: an address confirmed, changed or taken back, and "this was not me"."""

from flask import Blueprint
from flask.typing import ResponseReturnValue

from FlaskProject.forms.form import Form
from FlaskProject.forms.submissions import submission
from FlaskProject.mail_links.links import button_page, open_link, use_link
from FlaskProject.signed_in.identity import api

pages = Blueprint("link_buttons", __name__)

ADDRESSES = {
    "verify": "/email/verify",
    "change": "/email/change",
    "revert": "/email/revert",
    "disown": "/account/disown",
}


def offer(kind: str) -> ResponseReturnValue:
    """Say what the button will do."""
    return open_link(kind, button_page, otherwise="home.home")


@submission(button_page)
def press(form: Form, kind: str) -> ResponseReturnValue:
    """Do what the link is for; its owner need not sign in."""
    return use_link(kind, lambda: api().follow_link(kind, form.text("token")))


for link, address in ADDRESSES.items():
    pages.add_url_rule(address, view_func=offer, defaults={"kind": link})
    pages.add_url_rule(address, view_func=press, defaults={"kind": link}, methods=["POST"])
