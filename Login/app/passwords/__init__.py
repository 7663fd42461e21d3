"""What a password may be, and the threads that hash them; whose it is stands in services/."""
