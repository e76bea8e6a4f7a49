"""Finds the trained band that a command uses: the workspace's, or the one bundled with the package."""

from contextlib import ExitStack
from functools import lru_cache
from pathlib import Path

from pianoroll_vae.bundled.bundle import BUNDLED, Bundle
from pianoroll_vae.errors import ArtifactMissing, suggest
from pianoroll_vae.models.ensemble import Ensemble
from pianoroll_vae.paths import is_file, status
from pianoroll_vae.progress import Watch
from pianoroll_vae.workspace import BAR_VAE, CONDITIONAL, MELODY, VAE, Workspace

BAND_PARTS = (VAE, MELODY, CONDITIONAL)


def uses_bundled(workspace: Workspace | None) -> bool:
    """Whether commands play with the bundled band: nothing is trained in the workspace."""
    return workspace is None or not any(is_file(workspace.path(part)) for part in BAND_PARTS)


def load_ensemble(workspace: Workspace | None, watch: Watch | None = None) -> Ensemble:
    """The workspace's band; an error names the command that trains a missing network.

    Without a workspace, or where nothing has been trained in it, the bundled band, with a notice to `watch`.
    """
    band = _find_band(workspace, watch)
    if watch is not None:
        with ExitStack() as stack:
            compiling = "Compiling loops for this machine, the first time only"
            band.prepare(lambda: stack.enter_context(watch.task(compiling, None, "loops")))
    return band


def _find_band(workspace: Workspace | None, watch: Watch | None) -> Ensemble:
    if workspace is not None and workspace.model and uses_bundled(workspace):
        raise ArtifactMissing(
            f"There is no trained model '{workspace.model}' in {workspace.root}.",
            suggest(workspace.model, workspace.models()) if workspace.models() else f"Run: {workspace.command(VAE)}",
        )
    if workspace is None or uses_bundled(workspace):
        band = load_bundled()
        if watch is not None:
            named = " or ".join(workspace.models()) if workspace else ""
            untrained = f"without --model {named}, " if named else "nothing is trained in this workspace yet; "
            why = untrained if workspace else ""
            watch.notice(f"{why}using the bundled model: {BUNDLED.description}")
        return band
    versions = [_version(workspace.require(part)) for part in BAND_PARTS]
    bar_vae = workspace.path(BAR_VAE)
    return _load((*versions, _version(bar_vae)) if is_file(bar_vae) else tuple(versions), workspace.model)


def load_bundled() -> Ensemble:
    return load_exported(BUNDLED)


def load_exported(bundle: Bundle) -> Ensemble:
    """The band that `vaemusic export` wrote."""
    return _load(tuple(_version(path) for path in bundle.parts))


_Version = tuple[Path, int, int]
"""A file, when it was changed, and its size."""


def _version(path: Path) -> _Version:
    found = status(path)
    return (path, found.st_mtime_ns, found.st_size) if found else (path, 0, 0)


@lru_cache(maxsize=1)
def _load(parts: tuple[_Version, ...], name: str = "") -> Ensemble:
    """The band of these files; loading takes a second, so the last one is kept until one of its files changes."""
    from pianoroll_vae.models.model_files import load_band

    return load_band(*(path for path, _, _ in parts), name=name)
