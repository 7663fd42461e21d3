"""The tables' lives: upgrades under a lock, their revision, sweeping, new keys for what is encrypted."""
