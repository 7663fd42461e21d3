"""Replicas are replaced only by such as have their settings; check_compose.py does it with an engine."""

from scripts.roll_out import find_lost

FILES = {"ENVIRONMENT": "production", "RATE_LIMIT_STORAGE_URI": "", "mem_limit": "805306368"}


def test_what_a_command_line_had_given_is_found() -> None:
    """A value that the files do not give would be gone after the roll-out, whether they give another one or none."""
    running = {**FILES, "RATE_LIMIT_STORAGE_URI": "redis://redis:6379/0", "WEB_CONCURRENCY": "4", "mem_limit": "1"}

    assert sorted(find_lost(running, FILES)) == ["RATE_LIMIT_STORAGE_URI", "WEB_CONCURRENCY", "mem_limit"]


def test_what_only_comes_is_no_loss() -> None:
    """A new version brings new defaults, and a setting may be filled in."""
    assert find_lost(FILES, {**FILES, "RATE_LIMIT_STORAGE_URI": "redis://redis:6379/0", "NEW": "1"}) == []
