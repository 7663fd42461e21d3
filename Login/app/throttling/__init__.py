"""Floods and guesses: limits, and what is counted by which key; no database: services/attempts.py counts guesses."""
