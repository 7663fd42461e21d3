"""Whose visit this is: tokens, the cookies that keep them, and their refresh; no page is written here."""
