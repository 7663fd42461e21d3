"""Where settings come from and what production refuses; each setting itself stands in config.py."""
