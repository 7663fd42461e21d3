"""What the workers have in common that deliver rows: their loop, what becomes of a try, the command for the dead."""
