"""Runs the suite by docker compose from a clean clone and checks what production relies on; prints steps and figures.

    python3 scripts/check_compose.py [--keep]

Takes ten minutes, the ports 5000, 8000, 8025 and 8443 of loopback (or those that UI_PORT, API_PORT, MAIL_PORT and
TLS_BIND name), and removes what it made, unless asked to keep it.
Not part of the ordinary tests: it wants a container engine with compose v2.
"""

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent.parent)]

from scripts import check_images, check_operations, check_people, check_replicas
from scripts.compose import ROOT, CommandError, Compose, run
from scripts.report import Failed, say

PROJECT = "pupero-check"
STEPS: list[Callable[[Compose], None]] = [
    check_images.start_from_nothing,
    check_images.images_are_lean,
    check_images.containers_are_confined,
    check_images.secrets_stay_secret,
    check_images.driver_speaks_tls_and_ed25519,
    check_images.account_may_only_touch_rows,
    check_images.samples_are_refused_in_production,
    check_people.person_signs_up_and_in,
    check_people.addresses_cannot_be_forged,
    check_people.metrics_are_for_insiders,
    check_operations.operator_is_at_home,
    check_operations.restart_keeps_everything,
    check_replicas.three_replicas_act_as_one,
    check_replicas.settings_of_a_command_line_are_not_lost,
    check_replicas.replicas_are_replaced_under_load,
    check_replicas.pages_are_replaced_under_load,
    check_replicas.lost_replica_is_left_alone,
    check_operations.database_crash_heals,
    check_operations.mails_are_caught,
    check_operations.operator_resets_a_second_factor,
    check_operations.production_is_served_over_tls,
    check_operations.everything_goes_away,
]


def main(arguments: list[str]) -> int:
    """Run all steps; the first that fails ends it with status 1."""
    begin = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="pupero-check-") as folder:
        run("git", "clone", "--quiet", str(ROOT), folder)
        compose = Compose(Path(folder), COMPOSE_PROJECT_NAME=PROJECT)
        try:
            for step in STEPS:
                say(step)
                step(compose)
        except (Failed, CommandError) as failure:
            sys.stderr.write(f"FAILED: {failure}\n")
            for service in ("balancer", "ui", "login"):
                sys.stderr.write(compose("logs", "--no-color", "--tail", "60", service, allowed=True))
            return 1
        finally:
            if "--keep" not in arguments:
                compose("--profile", "*", "down", "--volumes", "--timeout", "5", allowed=True)
    sys.stdout.write(f"\nAll {len(STEPS)} steps passed in {time.monotonic() - begin:.0f} s.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
