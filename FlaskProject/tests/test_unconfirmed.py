"""Where mails really arrive, a second factor waits for a confirmed address, and a new address for its mailbox."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from testing.api import StartApi
from testing.smtp import Sink
from testing.visits import PASSWORD, Visit

pytestmark = pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)


@pytest.fixture
def visit(start_api: StartApi, smtp_sink: Sink, open_browser: Any) -> Visit:
    """Give a browser on pages whose API sends its mails by SMTP."""
    api = start_api(**smtp_sink.environment, MAIL_FROM="pupero@example.com")
    client: FlaskClient = open_browser(api.url)
    return Visit(client)


def test_a_factor_waits_for_the_address(visit: Visit) -> None:
    """The page says so in plain words, and offers the link again instead of a button that cannot work."""
    visit.register("ada").open("/security").send("/security/totp/start")

    assert visit.status == 200
    assert visit.says("Please confirm your email address first")
    assert 'action="/security/totp/start"' not in visit.page
    assert visit.send("/email/verification").says("A mail with a link is on its way to you")
    assert 'action="/security/totp/start"' in visit.open("/security").page


def test_a_new_address_waits_for_its_mailbox(visit: Visit) -> None:
    """Without any setting: the profile says that nothing has changed yet."""
    visit.register("ada").open("/profile")
    visit.send("/profile/email", new_email="ada@example.org", current_password=PASSWORD)

    assert visit.says("Nothing has changed yet: follow the link in the mail that we sent to the new address.")
    assert visit.says("Your address is ada@example.com.")
