"""The work of the studio's fourth process: it trains a band on MIDI files, from the weights of the bundled one on.

A process that is ended at any moment has kept all epochs but the last; the next call goes on after them.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from pianoroll_vae.config import PreprocessSettings, TrainSettings
from pianoroll_vae.errors import NothingFound
from pianoroll_vae.models.recipe import Recipe
from pianoroll_vae.paths import is_file
from pianoroll_vae.progress import Watch
from pianoroll_vae.studio.worker import SendProgress
from pianoroll_vae.studio.writing import PipeWatch
from pianoroll_vae.workspace import DATASET, Workspace

MIDI_FILES = "midi"
"""The folder of the files in the workspace."""

BACKGROUND = 10
"""Of the process's niceness, so that songs are still written and heard meanwhile."""


@dataclass(frozen=True)
class LearnRequest:
    """`epochs` of every network."""

    epochs: int


@dataclass(frozen=True)
class Learning:
    """`root`: of the workspace."""

    root: Path

    def start(self) -> None:
        """Import PyTorch, which takes seconds."""
        os.nice(BACKGROUND)
        import pianoroll_vae.stages.train  # noqa: F401

    def call(self, request: LearnRequest, send_progress: SendProgress) -> None:
        """Make the dataset, if there is none of these files, train all networks, and learn the attributes of songs."""
        from pianoroll_vae.stages.attributes import run_learn as learn_attributes
        from pianoroll_vae.stages.init import run as init
        from pianoroll_vae.stages.train import TrainOptions
        from pianoroll_vae.stages.train import run as train

        workspace, watch = Workspace(init(self.root).root), PipeWatch(send_progress, None)
        if not is_file(workspace.path(DATASET)):
            _read_files(workspace, watch)
        train(workspace, TrainOptions(init="bundled"), TrainSettings(epochs=request.epochs), _recipe(workspace), watch)
        try:
            learn_attributes(workspace, watch)
        except NothingFound as problem:
            watch.notice(f"The attributes of songs are not learned. {problem.message}")


def _read_files(workspace: Workspace, watch: Watch) -> None:
    from pianoroll_vae.music.band import find_band
    from pianoroll_vae.stages.import_midi import run as import_midi
    from pianoroll_vae.stages.preprocess import run as preprocess

    import_midi(workspace, workspace.root / MIDI_FILES, watch, workers=0)
    preprocess(workspace, _recipe(workspace).grid, find_band("lpd5"), PreprocessSettings(workers=0), watch)


def _recipe(workspace: Workspace) -> Recipe:
    from pianoroll_vae.config import load
    from pianoroll_vae.models.recipe_files import recipe_named

    return recipe_named(load(workspace.root).recipe, workspace.root)
