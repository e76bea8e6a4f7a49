"""What others give us: song collections and genre labels, read as the untrusted files they are."""
