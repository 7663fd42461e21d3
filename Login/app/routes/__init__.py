"""HTTP only: each module translates requests to one call of the service with the same name."""
