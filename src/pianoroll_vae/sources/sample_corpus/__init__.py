"""Composes a practice corpus by rule, in the file formats of the real datasets. For practice and tests only."""
