"""What happens: one module a command. A stage reads artifacts, writes artifacts and returns a report."""
