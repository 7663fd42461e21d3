"""The backend's own tables, under this part's name: the same objects, so they cannot drift."""

from app.models import *  # noqa: F403 a mirror
