"""What operators run beside docker compose, on the standard library alone; and what takes the README's pictures."""
