"""An API behind https with a certificate that no public authority has signed."""

from pathlib import Path
from typing import Any

import pytest

from FlaskProject.config import ConfigError, load_config

KEY = "Zk3vR8mQpL2xWn7TcY5bHs9DfGj4KaEu"
TYPED = {"username": "ada", "password": "secret-of-ada"}


@pytest.fixture
def https_api(small_api: Any, start_proxy: Any) -> str:
    """Give an API behind https that refuses every sign-in."""
    small_api.on("POST /login", lambda _asked: (400, {"code": "invalid_credentials", "detail": "no"}))
    address: str = start_proxy(small_api.url)
    return address


@pytest.mark.asvs("12.3.2")
def test_a_certificate_of_nobody_known_is_not_believed(
    https_api: str, small_api: Any, open_browser: Any, submit: Any
) -> None:
    """Whoever stands in between would read every password."""
    assert submit(open_browser(https_api), "/login", **TYPED).status_code == 503
    assert small_api.asked == []


@pytest.mark.asvs("12.3.4")
def test_a_private_authority_is_believed_when_it_is_named(
    https_api: str, open_browser: Any, submit: Any, tmp_path: Path
) -> None:
    """REQUESTS_CA_BUNDLE names its certificate."""
    settings = {"SECRET_KEY": KEY, "REQUESTS_CA_BUNDLE": str(tmp_path / "localhost.pem")}
    bundle = load_config(settings, tmp_path / "none.env").backend_ca_bundle

    assert submit(open_browser(https_api, backend_ca_bundle=bundle), "/login", **TYPED).status_code == 200


@pytest.mark.parametrize("content", [None, "", "no certificate"])
def test_a_bundle_that_holds_nothing_stops_the_start(tmp_path: Path, content: str | None) -> None:
    """Rather than each request of a day."""
    bundle = tmp_path / "bundle.pem"
    if content is not None:
        bundle.write_text(content)

    with pytest.raises(ConfigError, match="REQUESTS_CA_BUNDLE: must be a file of certificates"):
        load_config({"SECRET_KEY": KEY, "REQUESTS_CA_BUNDLE": str(bundle)}, tmp_path / "none.env")
