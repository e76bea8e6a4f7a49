"""The time grid of a dataset: how songs are quantised and cut into segments."""

from dataclasses import dataclass
from typing import Literal

from pianoroll_vae.music.notes import MAX_VELOCITY, Rounding
from pianoroll_vae.schema import bounded

MAX_STEPS_PER_BEAT = 24
MAX_SEGMENT_STEPS = 512
"""A cell's place within its roll must fit in 16 bits."""


@dataclass(frozen=True)
class Grid:
    """How songs are quantised and cut into segments before training."""

    steps_per_beat: int = bounded(2, 1, MAX_STEPS_PER_BEAT)
    segment_beats: int = bounded(16, 1, MAX_SEGMENT_STEPS)
    velocities: bool = True
    absent: Literal["silence", "drop"] = "silence"
    """What becomes of a song that lacks an instrument: its roll is silent, or the song is dropped."""

    rounding: Rounding = "touched"
    """How notes of a finer grid are moved to this one, see `Notes.regrid`."""

    @property
    def segment_steps(self) -> int:
        return self.steps_per_beat * self.segment_beats

    @property
    def cell_scale(self) -> float:
        """Factor from a cell of the dataset to a network's input in 0..1."""
        return 1 / MAX_VELOCITY if self.velocities else 1.0
