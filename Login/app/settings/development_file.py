"""The SQLite file that dev.py makes: development's database where none is named, so no .env has to hold its path."""

from pathlib import Path
from typing import Any
from urllib.parse import quote

from pydantic import model_validator
from pydantic_settings import BaseSettings

FILE = Path(__file__).parents[3] / "var" / "pupero.sqlite3"


class WithDevelopmentFile(BaseSettings):
    """Settings that know where dev.py keeps the accounts."""

    @model_validator(mode="before")
    @classmethod
    def _take_development_file(cls, values: dict[str, Any]) -> dict[str, Any]:
        """Name the file when it is there; production says itself where its accounts are."""
        in_development = values.get("environment", "development") == "development"
        if "database_url" in values or not in_development or not FILE.is_file():
            return values
        return {**values, "database_url": f"sqlite:///{quote(FILE.as_posix(), safe='/:')}"}
