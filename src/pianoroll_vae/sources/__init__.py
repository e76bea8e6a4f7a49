"""Readers of song collections and genre labels. All of these files are untrusted."""
