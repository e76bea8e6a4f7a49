"""How commands that write songs begin: their files and options are checked, and the band is loaded, before any work."""

from collections.abc import Sequence
from pathlib import Path

from pianoroll_vae.desk.ensembles import load_ensemble
from pianoroll_vae.desk.music_options import MusicOptions
from pianoroll_vae.desk.outputs import OutputPaths, output_paths
from pianoroll_vae.models.ensemble import Ensemble
from pianoroll_vae.progress import Watch
from pianoroll_vae.workspace import Workspace


def start_writing(
    workspace: Workspace | None, options: MusicOptions, outputs: Sequence[Path], count: int, watch: Watch
) -> tuple[list[OutputPaths], Ensemble]:
    """The files of each of `count` songs, and the band that writes them, for which the options are valid."""
    paths = output_paths(outputs, count, options.force)
    ensemble = load_ensemble(workspace, watch)
    options.check(ensemble.band)
    return paths, ensemble
