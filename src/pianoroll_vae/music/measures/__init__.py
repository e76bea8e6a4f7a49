"""Measures of music. The first line of each function has what it measures and the paper it comes from."""
