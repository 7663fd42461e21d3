"""--doctor: examines settings, database, mail and this machine; each finding has a verdict and says what to do."""  # noqa: N999 the folder's name is part of the commands

from CreateDB.doctor.report import run

__all__ = ["run"]
