"""The backend: a REST API over accounts and sessions."""
