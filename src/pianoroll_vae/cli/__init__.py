"""How it is asked for: Typer commands, thin, with lazy imports."""
