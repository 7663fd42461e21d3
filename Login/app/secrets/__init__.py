"""A key for each purpose, encryption at rest, and keys that nobody may use; it stores nothing."""
