"""Training of the arranger's networks, in PyTorch."""
