"""Sampling songs from the arranger's networks with compiled loops, without PyTorch."""
