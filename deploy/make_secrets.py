"""Writes what is missing of the secrets, each readable by the one part that needs it; what is there is kept."""

import contextlib
import os
import secrets
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from deploy.certificate import make_certificate

Make = Callable[[Path], str]

UNHANDED = ", for its owner alone: this folder lets nobody hand files over to the containers' users"

LOGIN, UI, CREATEDB, BALANCER, MARIADB = 10001, 10002, 10003, 10004, 999  # users of the images


def _random(_folder: Path) -> str:
    return secrets.token_urlsafe(48)


def _database_url(folder: Path) -> str:
    """Join the API's account with its password, which is made of characters that a URL takes as they are."""
    password = (folder / "app_password").read_text(encoding="utf-8").strip()
    return f"mariadb+mariadbconnector://pupero:{password}@mariadb:3306/pupero"


@dataclass(frozen=True)
class Secret:
    """One file: who owns it, which group may read it, and how it is made."""

    owner: int
    group: int
    make: Make = _random


FILES: Mapping[str, Secret] = {
    "mariadb_root_password": Secret(CREATEDB, MARIADB),
    "app_password": Secret(CREATEDB, CREATEDB),
    "database_url": Secret(LOGIN, CREATEDB, _database_url),
    "jwt_secret_key": Secret(LOGIN, CREATEDB),
    "totp_encryption_keys": Secret(LOGIN, CREATEDB),
    "metrics_token": Secret(LOGIN, CREATEDB),
    "secret_key": Secret(UI, UI),
    "tls.pem": Secret(BALANCER, BALANCER, make_certificate),
}


def main(arguments: list[str]) -> int:
    """Complete the folder that the only argument names."""
    folder = Path(arguments[0])
    folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    for name, secret in FILES.items():
        made = complete(folder, name, secret)
        handed = hand_over(folder / name, secret)
        sys.stdout.write(f"{name}: {'made' if made else 'kept'}{'' if handed else UNHANDED}\n")
    return 0


def complete(folder: Path, name: str, secret: Secret) -> bool:
    """Write one file if it is missing or empty."""
    path = folder / name
    if path.exists() and path.stat().st_size:
        return False
    # Beside it first: a power cut in between must not leave half a secret that is then kept.
    fresh = folder / f".{name}"
    fresh.unlink(missing_ok=True)
    with open(fresh, "x", encoding="utf-8", opener=_open_for_owner) as file:
        file.write(secret.make(folder) + "\n")
    fresh.replace(path)
    return True


def hand_over(path: Path, secret: Secret) -> bool:
    """Give a file to its reader; where the folder knows no such owners, as on some desktops, it stays its maker's."""
    try:
        os.chown(path, secret.owner, secret.group)
        path.chmod(0o440)
    except PermissionError:
        with contextlib.suppress(PermissionError):
            path.chmod(0o600)
        return False
    return True


def _open_for_owner(path: str, flags: int) -> int:
    """Nobody else may read a secret, not even for the moment before it has its reader."""
    return os.open(path, flags, 0o600)
