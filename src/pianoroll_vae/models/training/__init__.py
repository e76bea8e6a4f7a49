"""Training machinery that every recipe shares: epoch loop, optimiser, rng, processes, device, checkpoints."""
