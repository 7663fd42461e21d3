"""The API's request and response bodies, under this part's name: the same objects, so they cannot drift."""

from app.factor_schemas import *  # noqa: F403 a mirror
from app.schemas import *  # noqa: F403 a mirror
