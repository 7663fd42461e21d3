"""Who may change what: the table that services ask before they act, and the kinds of mail that follow.

Leaves that decide and do nothing; no database, no HTTP.
"""
