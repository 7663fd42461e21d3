"""What a server says of itself, and whether it may be used then."""

import pytest

from app.driver.readiness import Use, judge, parse_position

NODE = {"wsrep_on": "ON", "wsrep_ready": "ON", "wsrep_cluster_status": "Primary", "wsrep_local_state": "4"}
SERVER = {"wsrep_on": "OFF", "wsrep_ready": "OFF", "read_only": "OFF", "slave_running": "OFF", "server_id": "1"}
POSITION = "gtid_current_pos"


@pytest.mark.parametrize(
    ("facts", "use"),
    [
        (NODE, Use.ALL),
        (NODE | {"wsrep_local_state": "2"}, Use.DONOR),
        (NODE | {"wsrep_local_state": "1"}, Use.NONE),
        (NODE | {"wsrep_local_state": "3"}, Use.NONE),
        (NODE | {"wsrep_ready": "OFF"}, Use.NONE),
        (NODE | {"wsrep_cluster_status": "non-Primary", "wsrep_local_state": "0"}, Use.NONE),
        (NODE | {"read_only": "ON"}, Use.READS),
        (SERVER, Use.ALL),
        (SERVER | {"read_only": "ON"}, Use.READS),
        (SERVER | {"read_only": "READ_ONLY_NO_LOCK_NO_ADMIN"}, Use.READS),
        (SERVER | {"slave_running": "ON"}, Use.READS),
        ({}, Use.ALL),  # MySQL, and what is built without clusters
    ],
)
def test_what_a_server_serves_for(facts: dict[str, str], use: Use) -> None:
    """A node in step with its cluster, or a server that may be written to and follows nobody, serves for all."""
    standing = judge(facts, {})

    assert standing.use is use
    assert bool(standing.words) == (use is not Use.ALL)


@pytest.mark.parametrize(
    ("position", "use"),
    [
        ("0-1-100", Use.NONE),  # it was the primary, and has missed what server 2 wrote
        ("0-2-149", Use.ALL),  # a replica that was promoted, a little behind as its operator knows
        ("0-2-150", Use.ALL),
        ("0-1-151", Use.ALL),
        ("1-1-5", Use.ALL),  # another domain says nothing
        ("", Use.ALL),  # no binary log
    ],
)
def test_a_former_primary_is_known_by_what_it_lacks(position: str, use: Use) -> None:
    """It wrote last itself, and another server has written more since."""
    assert judge(SERVER | {POSITION: position}, parse_position("0-2-150")).use is use
