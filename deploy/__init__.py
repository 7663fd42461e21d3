"""What the images run: the start of each part, its secrets, its signs of life. Standard library only."""
