"""What the database's driver is told, and what its failures mean; no query stands here."""
