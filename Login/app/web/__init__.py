"""What surrounds every request: connections, middleware, errors, CORS, OpenAPI; it decides nothing about accounts."""
