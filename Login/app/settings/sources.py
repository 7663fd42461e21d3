"""Where settings come from: the environment, behind it a .env, and in development the SQLite file that dev.py makes."""

from os import PathLike
from pathlib import Path
from typing import Any
from urllib.parse import quote

from dotenv import dotenv_values
from pydantic import model_validator
from pydantic_settings import BaseSettings, InitSettingsSource, PydanticBaseSettingsSource

FILE = Path(__file__).parents[3] / "var" / "pupero.sqlite3"


def read_env_file(path: str | PathLike[str] | None) -> dict[str, str]:
    """Return what a file sets, by names in small letters, as the pages do; an empty value counts as unset."""
    # A `$` in a generated secret is a character, not a variable; Windows editors begin a file with a BOM.
    values = dotenv_values(path, interpolate=False, encoding="utf-8-sig") if path is not None else {}
    return {name.lower(): value for name, value in values.items() if value and value.strip()}


class Sources(BaseSettings):
    """Settings from these places."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 we use none
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Put our reader in the place of the library's, which would fill variables in."""
        values = read_env_file(getattr(dotenv_settings, "env_file", None))
        return init_settings, env_settings, InitSettingsSource(settings_cls, init_kwargs=values)

    @model_validator(mode="before")
    @classmethod
    def _take_development_file(cls, values: dict[str, Any]) -> dict[str, Any]:
        """Name the file when it is there; production says itself where its accounts are."""
        in_development = values.get("environment", "development") == "development"
        if "database_url" in values or not in_development or not FILE.is_file():
            return values
        return {**values, "database_url": f"sqlite:///{quote(FILE.as_posix(), safe='/:')}"}
