"""Floods and guesses: limits, what is counted by which key, and where; it asks no database, crud/ keeps the counts."""
