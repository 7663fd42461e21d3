"""A real Chromium, and the pages as a real server, for journeys as people make them."""

import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from testing.processes import Server, free_port
from testing.required import missing

PATIENCE = 60_000  # ms: a machine that does other things, too, answers late
# Debian's headless shell is the same engine without a desktop's window around it: two fifths of the work.
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "chrome")
OpenPage = Callable[..., Page]
StartPages = Callable[..., Server]
Picture = Callable[[Page, str], None]


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Give a headless Chromium."""
    program = find_chromium()
    if program is None:
        missing("chromium", "no Chromium is installed")
    expect.set_options(timeout=PATIENCE)
    with running_chromium(program) as browser:
        yield browser


def find_chromium() -> str | None:
    """Return the program, or None where none is installed."""
    return next(filter(None, map(shutil.which, NAMES)), None)


@contextmanager
def running_chromium(program: str) -> Iterator[Browser]:
    """Start a headless browser that calls nobody by itself."""
    arguments = ["--no-sandbox", "--disable-quic", "--disable-background-networking", "--disable-component-update"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=arguments)
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium: Browser) -> Iterator[OpenPage]:
    """Give a function that opens a browser window with cookies of its own; scripts are off unless asked for."""
    contexts = []

    def open_it(*, scripts: bool = False, width: int = 1280, height: int = 900, **options: object) -> Page:
        viewport = {"width": width, "height": height}
        context = chromium.new_context(java_script_enabled=scripts, viewport=viewport, **options)  # type: ignore[arg-type]  # Playwright's own
        context.set_default_timeout(PATIENCE)
        contexts.append(context)
        return context.new_page()

    yield open_it
    for context in contexts:
        context.close()


def folded(page: Page, button: str) -> Locator:
    """Return the line that opens the setting which a button belongs to; there is none where it stands open."""
    pressed = page.locator("button", has_text=button)
    pressed.first.wait_for(state="attached")
    fold = page.locator("details.edit:not([open])", has=pressed)
    return fold.locator("summary")


def unfold(page: Page, button: str) -> None:
    """Open the setting that a button belongs to."""
    for line in folded(page, button).all():
        line.click()


def submit(page: Page, button: str, **fields: str) -> None:
    """Fill in the form that a button belongs to, opened where it is folded up, press it, and wait for the answer.

    A page that is called for while a form's answer is on its way may meet with neither.
    """
    unfold(page, button)
    form = page.locator("form", has=page.get_by_role("button", name=button, exact=True)).first
    for name, value in fields.items():
        form.locator(f"[name={name}]:not([type=hidden])").fill(value)
    with page.expect_navigation():
        form.get_by_role("button", name=button, exact=True).click()


def pages_server(api_url: str, log: Path, port: int | None = None, **environment: str) -> Server:
    """Start the pages as a real process before an API."""
    port = port or free_port()
    command = ["-m", "flask", "--app", "FlaskProject.app", "run", "--port", str(port)]
    settings = {"BACKEND_URL": api_url, "SECRET_KEY": secrets.token_urlsafe(32), "SECURE_COOKIES": "false"}
    settings |= {"SESSION_COOKIE_SAMESITE": "Lax", "REMEMBER_ME_DAYS": "30", "ENVIRONMENT": "development"}
    settings |= {"TRUSTED_PROXY_COUNT": "0", "SECRET_KEY_FALLBACKS": " "}
    server = Server(command, settings | environment, port, log, forked=True)
    server.start("/login")
    return server


@pytest.fixture
def start_pages(tmp_path: Path) -> Iterator[StartPages]:
    """Give a function that starts the pages as a real process before an API; all are stopped at the end."""
    started: list[Server] = []

    def start(api_url: str, **environment: str) -> Server:
        server = pages_server(api_url, tmp_path / f"pages-{len(started)}.log", None, **environment)
        started.append(server)
        return server

    yield start
    for server in started:
        server.stop()


@pytest.fixture
def picture(request: pytest.FixtureRequest) -> Picture:
    """Give a function that keeps a picture of a page in PUPERO_SCREENSHOTS, if that names a folder."""
    folder = os.environ.get("PUPERO_SCREENSHOTS")
    test = "".join(c if c.isalnum() else "-" for c in request.node.name)
    taken: list[str] = []

    def take(page: Page, name: str) -> None:
        taken.append(name)
        if folder:
            page.screenshot(path=Path(folder) / f"{test}-{len(taken):02d}-{name}.png", full_page=True)

    return take
