"""The command line: thin Typer commands that import what they need when they run."""
