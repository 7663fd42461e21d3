"""Every query of the backend; each function takes a connection and belongs inside `Database.read` or `.transaction`."""
