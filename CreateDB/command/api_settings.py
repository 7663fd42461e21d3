"""The API's own settings, read as the API reads them."""

from pydantic import SecretStr, ValidationError
from sqlalchemy import URL

from app.config import ConfigurationError, Settings, explain_unreadable, load_settings
from app.secrets.keys import Keyrings, make_keyrings
from app.settings.sources import Sources
from CreateDB.command.errors import OperatorError


def load_for(url: URL) -> Settings:
    """Read the settings of the API that uses this database; the DATABASE_URL among them does not matter."""
    try:
        return load_settings(database_url=url.render_as_string(hide_password=False))
    except ConfigurationError as error:
        raise OperatorError(f"This needs the API's settings, and those are unusable: {error}") from None


class _Where(Sources):
    """DATABASE_URL alone, so that it can be found where other settings are unusable."""

    model_config = Settings.model_config

    database_url: SecretStr
    environment: str = "development"


def find_database_url() -> str:
    """Give the API's DATABASE_URL, for a command line that does not say where."""
    try:
        return _Where(_env_file=Settings.model_config.get("env_file")).database_url.get_secret_value()
    except ValidationError:
        raise OperatorError(
            "Say where by --user and --database or by --url: DATABASE_URL is not in the API's settings."
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise OperatorError(f"{explain_unreadable(error)}. Mend that, or say where by --url.") from None


def make_keys(settings: Settings) -> Keyrings:
    """Make the API's keys."""
    own = [key.get_secret_value() for key in settings.totp_encryption_keys]
    return make_keyrings(settings.signing_secrets, own)
