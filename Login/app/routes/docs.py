"""The OpenAPI page, from this server alone: no script, style or picture comes from elsewhere."""

from html import escape
from importlib.resources import as_file, files
from pathlib import Path

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.staticfiles import StaticFiles

router = APIRouter(include_in_schema=False)

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{name} API</title>
<link rel="stylesheet" href="docs/assets/swagger-ui.css">
<link rel="icon" href="docs/assets/favicon-32x32.png">
</head>
<body>
<div id="swagger-ui"></div>
<script src="docs/assets/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</body>
</html>
"""
START = """SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  validatorUrl: null,
});
"""


@router.get("/docs")
async def show_docs(request: Request) -> Response:
    """Show the page."""
    return HTMLResponse(PAGE.format(name=escape(request.app.title)), headers={"Content-Security-Policy": POLICY})


@router.get("/docs/start.js")
async def show_start() -> Response:
    """Start the page; apart from it, because its policy allows no inline script."""
    return Response(START, media_type="text/javascript")


def serve_assets() -> StaticFiles:
    """Serve the page's parts from the package that brings them."""
    with as_file(files("fastapi_swagger").joinpath("resources")) as folder:
        return StaticFiles(directory=Path(folder))
