"""The default recipe: bars that rest, repeat or are written note by note."""
