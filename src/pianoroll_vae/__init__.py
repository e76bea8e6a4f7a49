"""Learns from piano rolls and writes five-track songs."""

__version__ = "0.1.0"
