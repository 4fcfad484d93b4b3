"""A resource server as a customer would write it; it knows nothing of the server beside it."""
