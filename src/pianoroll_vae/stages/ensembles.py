"""Finds the trained band that a command plays with."""

from pianoroll_vae.models.ensemble import Ensemble
from pianoroll_vae.workspace import CONDITIONAL, MELODY, VAE, Workspace


def load_ensemble(workspace: Workspace) -> Ensemble:
    """The workspace's band, or an error that names the command that trains what is missing."""
    return Ensemble.load(*(workspace.require(artifact) for artifact in (VAE, MELODY, CONDITIONAL)))
