"""What operators run beside docker compose: standard library only."""
