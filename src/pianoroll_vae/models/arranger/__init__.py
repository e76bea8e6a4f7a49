"""The default recipe: a chart, then bars that rest, repeat or are written note by note."""
