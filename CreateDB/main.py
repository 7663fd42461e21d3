"""The operator's command: makes the database, brings its tables up to date, and looks after both and their users.

    python CreateDB/main.py --user root --database pupero --create-database

What it does stands in `TASKS`; each task is loaded when it is chosen, for imports are most of what a short one takes.
"""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from pkgutil import resolve_name

if __name__ == "__main__":  # Python puts only this folder on the path, where it would find our modules by wrong names
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from CreateDB.command.loading import loading

with loading():
    from CreateDB.command.arguments import UPGRADE, parse
    from CreateDB.command.terminal import prepare_process

TASKS: Mapping[str, str] = {
    UPGRADE: "CreateDB.tables.making:make",
    "check": "CreateDB.tables.revisions:check",
    "doctor": "CreateDB.doctor.report:run",
    "sweep": "CreateDB.tables.sweep:sweep",
    "reencrypt": "CreateDB.tables.reencrypt:reencrypt",
    "list_users": "CreateDB.users.accounts:list_users",
    "show_user": "CreateDB.users.accounts:show_user",
    "disable_user": "CreateDB.users.changes:disable_user",
    "enable_user": "CreateDB.users.changes:enable_user",
    "end_sessions": "CreateDB.users.changes:end_sessions",
    "reset_second_factor": "CreateDB.users.changes:reset_second_factor",
    "set_role": "CreateDB.users.changes:set_role",
    "explain_login": "CreateDB.users.logins:explain_login",
    "clear_throttle": "CreateDB.users.logins:clear_throttle",
    "events": "CreateDB.users.events:show_events",
    "create_service": "CreateDB.services.credentials:create_service",
    "list_services": "CreateDB.services.credentials:list_services",
    "rotate_service": "CreateDB.services.credentials:rotate_service",
    "remove_service": "CreateDB.services.credentials:remove_service",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and give its status: 0 done, 1 refused or failed, 130 interrupted."""
    arguments = parse(argv)
    with loading():
        run, task = resolve_name("CreateDB.running:run"), resolve_name(TASKS[arguments.task])
    return int(run(task, arguments))


if __name__ == "__main__":
    prepare_process()
    sys.exit(main())
