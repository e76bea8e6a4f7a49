"""Loads the networks of the thesis from their files."""

from pathlib import Path

from pianoroll_vae.models.files import refuse_stale
from pianoroll_vae.models.thesis.latent_networks import ConditionalNN, MelodyNN
from pianoroll_vae.models.thesis.vae import BandVae
from pianoroll_vae.models.training.checkpoint import load_trained, require_rows


def load_vae(path: Path, need: tuple[str, ...] | None = None) -> BandVae:
    """The VAEs in the file at `path`, in the band's order; `need`: instruments that must be there (None: the band)."""
    trained = load_trained(path, "vae", "vaemusic train vae")
    require_rows(trained, need or trained.band.names, "vaemusic train vae")
    return BandVae(trained.recipe, trained.weights, trained.fingerprints)


def load_melody(path: Path, vae: BandVae) -> MelodyNN:
    """The lead's network in the file at `path`; refused where it learned from another VAE of the lead than this."""
    trained = load_trained(path, "melody", "vaemusic train melody")
    refuse_stale(trained.header, vae.fingerprints, path, "vaemusic train melody")
    return MelodyNN(trained.recipe, trained.weights)


def load_conditional(path: Path, vae: BandVae) -> ConditionalNN:
    """The followers' networks in the file at `path`; refused where they learned from other VAEs than these."""
    trained = load_trained(path, "conditional", "vaemusic train conditional")
    refuse_stale(trained.header, vae.fingerprints, path, "vaemusic train conditional")
    followers = tuple(name for name in trained.band.names if name != trained.band.lead)
    require_rows(trained, followers, "vaemusic train conditional")
    return ConditionalNN(trained.recipe, trained.weights)
