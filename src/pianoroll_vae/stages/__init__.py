"""What each command does, one module a command: a stage reads artifacts, writes artifacts and returns a report."""
