"""How the API is called and its answers are understood; nothing else speaks HTTP to it."""
