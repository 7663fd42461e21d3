"""Every refusal of the API: a stable code to switch on, a status, a sentence for people."""

from app.errors.accounts import *  # noqa: F403 a door
from app.errors.factors import *  # noqa: F403 a door
from app.errors.family import *  # noqa: F403 a door
from app.errors.service import *  # noqa: F403 a door
from app.errors.signing_in import *  # noqa: F403 a door
