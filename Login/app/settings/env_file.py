"""How a .env is read, by the rules that the pages have too: `$` is a character, names count in small letters too."""

from os import PathLike

from dotenv import dotenv_values
from pydantic_settings import BaseSettings, DotEnvSettingsSource, InitSettingsSource, PydanticBaseSettingsSource


def read_env_file(path: str | PathLike[str] | None) -> dict[str, str]:
    """Return what a file sets, by names in small letters; an empty value counts as unset."""
    # A `$` in a generated secret is a character, not a variable; Windows editors begin a file with a BOM.
    values = dotenv_values(path, interpolate=False, encoding="utf-8-sig") if path is not None else {}
    return {name.lower(): value for name, value in values.items() if value and value.strip()}


class EnvFile(BaseSettings):
    """Settings from the environment and, behind it, from the .env that `model_config` names."""

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
        path = dotenv_settings.env_file if isinstance(dotenv_settings, DotEnvSettingsSource) else None
        values = read_env_file(path if isinstance(path, str | PathLike) else None)
        return init_settings, env_settings, InitSettingsSource(settings_cls, init_kwargs=values)
