"""A thesis workspace with small untrained networks, saved as checkpoints, whose threshold lets all instruments play."""

from pathlib import Path

import numpy as np
import torch

from pianoroll_vae.models.recipe import LatentTraining, Recipe, VaeTraining
from pianoroll_vae.models.thesis.latent_networks import ConditionalNN, MelodyNN
from pianoroll_vae.models.thesis.vae import BandVae
from pianoroll_vae.models.training.checkpoint import fingerprints, save_trained
from pianoroll_vae.music.band import LPD5
from pianoroll_vae.stages import init
from pianoroll_vae.workspace import CONDITIONAL, MELODY, VAE, Workspace

SILENT = 0.99
"""Share of the cells that are silent."""


def small_thesis_workspace(root: Path) -> Workspace:
    """A workspace with a band of small networks."""
    init.run(root)
    workspace = Workspace.find(root)
    networks = VaeTraining(channels=(4, 8, 8))
    recipe = Recipe("small", latent_size=4, threshold=0.5, vae=networks, latents=LatentTraining(hidden_size=8))
    vae = BandVae.fresh(recipe, LPD5.names, seed=5)
    for name, tensor in vae.weights.views().items():  # so that rolls and latents matter more than at first
        if name.endswith("weight"):
            tensor *= 4
    with torch.inference_mode():
        latents = torch.from_numpy(np.random.default_rng(0).standard_normal((16, 5, 4), np.float32))
        cells = vae.order.to_rolls(vae.decode_patches(latents.transpose(0, 1))).transpose(0, 1)
    loud = torch.tensor(np.quantile(cells.numpy(), SILENT, axis=(0, 2, 3)), dtype=torch.float32)
    last = f"decoder.{len(recipe.vae.kernels)}"
    for part in ("weight", "bias"):  # the last layer is linear: what was the loudest percent now begins at 0.5
        tensor = vae.weights[f"{last}.{part}"]
        tensor *= 0.5 / loud.reshape(-1, *[1] * (tensor.dim() - 1))
    facts = {"dataset": "none", "scores": {}}
    save_trained(workspace.path(VAE), "vae", recipe, LPD5, vae.weights, facts)
    learned = {"learned_from": fingerprints(vae.weights), **facts}
    melody = MelodyNN.fresh(recipe, LPD5.lead, seed=5)
    save_trained(workspace.path(MELODY), "melody", recipe, LPD5, melody.weights, learned)
    followers = tuple(name for name in LPD5.names if name != LPD5.lead)
    conditional = ConditionalNN.fresh(recipe, followers, seed=5)
    save_trained(workspace.path(CONDITIONAL), "conditional", recipe, LPD5, conditional.weights, learned)
    return workspace
