"""What happens: decisions, and the order of what follows from them; no query, no HTTP, no delivery of mails."""
