"""What each connection is told when it is made, in one statement."""

# A node of a cluster first takes over what others have committed, or an ended session would live a moment longer on it.
# Servers that are built without clusters know no such variable.
SYNC = "SET SESSION wsrep_sync_wait = @@wsrep_sync_wait | 1"


def prepare_session(database: str, *settings: str) -> str | None:
    """Write the statement for a kind of database, `mariadb` or `mysql`; None where there is nothing to say."""
    plain = " ".join(f"SET SESSION {setting};" for setting in settings)
    if database != "mariadb":
        return plain or None
    return f"BEGIN NOT ATOMIC DECLARE CONTINUE HANDLER FOR 1193 BEGIN END; {plain} EXECUTE IMMEDIATE '{SYNC}'; END"
