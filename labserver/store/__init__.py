"""What lasts: rows under an org, one-time things, and the log."""
