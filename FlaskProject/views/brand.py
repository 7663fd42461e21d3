"""An operator's own logo and stylesheet, kept by browsers as static files are."""

from flask import Blueprint, Response, abort, g, request

from FlaskProject.settings.brand_files import BrandFile
from FlaskProject.signed_in.identity import services

pages = Blueprint("brand", __name__)


@pages.get("/brand/logo")
def logo() -> Response:
    """Show the logo of LOGO_FILE."""
    return _send(services().config.brand.logo)


@pages.get("/brand/style.css")
def style() -> Response:
    """Send the colours of ACCENT_COLOUR."""
    return _send(services().config.brand.style)


def _send(file: BrandFile | None) -> Response:
    if file is None:
        abort(404)
    g.version = file.version
    response = Response(file.content, content_type=file.media_type)  # an SVG says itself how it is encoded
    response.headers["Cache-Control"] = "no-cache"  # unless the address is of this version
    response.set_etag(file.version)
    response.make_conditional(request)
    return response
