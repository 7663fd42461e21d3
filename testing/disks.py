"""Disks that are full and have room again: a real small one, a file that may not grow, a database of fixed size."""

import resource
import shutil
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from sqlalchemy.exc import DatabaseError

from CreateDB.server.engine import make_engine
from testing.mariadb_server import MariadbControl

BLOCK = 4096  # bytes
INSERT = "INSERT INTO filler.filler VALUES (REPEAT('x', ?))"
FIXED = ("--innodb-data-file-path=ibdata1:12M:autoextend:max:24M", "--innodb-file-per-table=0")


class Disk(Protocol):
    """Where a database's files lie."""

    def fill(self) -> None:
        """Leave no room."""

    def free(self) -> None:
        """Make room again."""


class SmallDisk:
    """A file system of so many megabytes; only who may mount has one."""

    def __init__(self, folder: Path, megabytes: int) -> None:
        """Mount it."""
        self._folder = folder
        options = f"size={megabytes}m"
        subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], check=True, capture_output=True)

    def fill(self) -> None:
        """Write until there is no room."""
        with (self._folder / "filler").open("wb", buffering=0) as filler, suppress(OSError):
            while filler.write(bytes(BLOCK)):
                pass

    def free(self) -> None:
        """Delete what was written."""
        (self._folder / "filler").unlink()

    def remove(self) -> None:
        """Unmount it, though somebody may have a file open there."""
        subprocess.run(["umount", "--lazy", self._folder], check=True)


class SmallServer:
    """A MariaDB whose files lie on a file system of few megabytes; only who may mount has one."""

    def __init__(self, megabytes: int, flags: Sequence[str] = ()) -> None:
        """Move a fresh server's files there, and start it."""
        self.server = MariadbControl(flags=flags)
        data = self.server.folder / "data"
        fresh = data.rename(data.with_name("fresh"))
        data.mkdir()
        try:
            self._disk = SmallDisk(data, megabytes)
        except (subprocess.CalledProcessError, FileNotFoundError):
            self.server.remove()
            raise
        shutil.copytree(fresh, data, dirs_exist_ok=True)
        self.server.start()
        with make_engine(self.server.url).begin() as connection:
            connection.exec_driver_sql("CREATE DATABASE pupero CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin")

    @property
    def url(self) -> str:
        """Name the database that has to share the room."""
        return f"{self.server.url}pupero"

    def fill(self) -> None:
        """Write until there is no room."""
        self._disk.fill()

    def free(self) -> None:
        """Delete what was written."""
        self._disk.free()

    def remove(self) -> None:
        """End it and unmount its disk."""
        self.server.kill()
        self._disk.remove()
        self.server.remove()


class FrozenFiles:
    """Files that a process may not let grow; any account may say so of its own processes."""

    def __init__(self, pid: int, database: Path) -> None:
        """Take whose files, and which of them is the largest, beside its log."""
        self._pid = pid
        self._files = [database, database.with_name(f"{database.name}-wal")]

    def fill(self) -> None:
        """Let no file grow beyond what the largest has."""
        self._limit(max(file.stat().st_size for file in self._files))

    def free(self) -> None:
        """Let them grow again."""
        self._limit(resource.RLIM_INFINITY)

    def _limit(self, size: int) -> None:
        _, hardest = resource.prlimit(self._pid, resource.RLIMIT_FSIZE)
        resource.prlimit(self._pid, resource.RLIMIT_FSIZE, (size, hardest))


class FixedTables:
    """A MariaDB whose tables share one file that grows no further."""

    def __init__(self) -> None:
        """Start it."""
        self.server = MariadbControl(flags=FIXED)
        self.server.start()
        self._run("CREATE DATABASE filler")
        self._run("CREATE DATABASE pupero CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin")

    @property
    def url(self) -> str:
        """Name the database that has to share the room."""
        return f"{self.server.url}pupero"

    def fill(self) -> None:
        """Insert large rows until there is no room, then small ones: what is left then is soon used up."""
        self._run("CREATE TABLE filler.filler (content VARBINARY(8000))")
        engine = make_engine(self.server.url).execution_options(isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            for size in (8000, 200):
                with suppress(DatabaseError):
                    while True:
                        connection.exec_driver_sql(INSERT, (size,))
        engine.dispose()

    def free(self) -> None:
        """Delete them."""
        self._run("DROP TABLE filler.filler")

    def remove(self) -> None:
        """End it."""
        self.server.remove()

    def _run(self, statement: str) -> None:
        with make_engine(self.server.url).begin() as connection:
            connection.exec_driver_sql(statement)
