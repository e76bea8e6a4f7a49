"""Finds the trained band that a command plays with: the workspace's, or the one that comes with the package."""

from pianoroll_vae.bundled.bundle import BUNDLED
from pianoroll_vae.console import Watch
from pianoroll_vae.models.ensemble import Ensemble
from pianoroll_vae.workspace import CONDITIONAL, MELODY, VAE, Workspace


def load_ensemble(workspace: Workspace | None, watch: Watch | None = None) -> Ensemble:
    """The workspace's band, or an error that names the command that trains what is missing.

    Without a workspace, or where nothing at all has been trained in it, the bundled band plays; `watch` is told who.
    """
    parts = (VAE, MELODY, CONDITIONAL)
    if workspace is None or not any(workspace.path(part).is_file() for part in parts):
        band = load_bundled()
        if watch is not None:
            why = "" if workspace is None else "nothing is trained in this workspace yet; "
            watch.notice(f"{why}the bundled model plays: {BUNDLED.says}")
        return band
    from pianoroll_vae.models.model_files import load_band

    return load_band(*(workspace.require(part) for part in parts))


def load_bundled() -> Ensemble:
    """The band that comes with the package."""
    from pianoroll_vae.models.model_files import load_band

    return load_band(*BUNDLED.parts)
