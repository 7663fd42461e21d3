"""The backend's own tables, under this part's name: the same objects, so they cannot drift."""

from app.models import *  # noqa: F403 a re-export, limited by the original's __all__
