"""The figures of a groove model: its training set, and the errors on held-out songs."""

from dataclasses import asdict, dataclass
from typing import Any

from pianoroll_vae.schema import bounded

MAX_ERROR = 1000.0
"""Of velocities and offsets."""


@dataclass(frozen=True)
class MeanErrors:
    """Mean absolute errors of velocities (1 to 127) or offsets (steps, 24 to a beat) over held-out hits.

    The baselines are averages over the training set.
    """

    model: float = bounded(minimum=0, maximum=MAX_ERROR)
    key_mean: float = bounded(minimum=0, maximum=MAX_ERROR)
    """Baseline: the mean of each MIDI key."""

    slot_mean: float = bounded(minimum=0, maximum=MAX_ERROR)
    """Baseline: the mean of each key in each slot of the bar."""

    slot_median: float = bounded(minimum=0, maximum=MAX_ERROR)
    """Baseline: the median of each key in each slot of the bar."""

    hits: int = bounded(minimum=0)
    songs: int = bounded(minimum=0)


@dataclass(frozen=True)
class GrooveFigures:
    """The training set, and the accuracy on held-out songs."""

    songs: int
    """Training songs with drums."""

    with_dynamics: float
    """The share of them that has dynamics."""

    with_timing: float
    """The share of them whose hits are not all on the grid."""

    velocity: MeanErrors
    offset: MeanErrors
    offset_all_songs: MeanErrors
    """Quantised songs included."""

    completion_f1: float
    repeated_bar_f1: float

    def __post_init__(self) -> None:
        shares = (self.with_dynamics, self.with_timing, self.completion_f1, self.repeated_bar_f1)
        if self.songs < 0 or not all(0 <= share <= 1 for share in shares):
            raise ValueError("a share is not from 0 to 1")

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)
