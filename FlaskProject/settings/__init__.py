"""What settings are checked against; each setting itself stands in config.py."""
