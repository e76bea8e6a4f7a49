"""What learns: networks, recipes, the one training loop, checkpoints and the ensemble. PyTorch lives here."""
