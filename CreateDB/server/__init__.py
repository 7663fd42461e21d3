"""The database server, the API's account on it and its rights, and the way there."""
