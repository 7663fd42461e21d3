"""What the database's driver is told, which host it connects to, and what its failures mean; no query on a table."""
