"""What is given of a song that is sampled: the notes of a bar and instrument, or nothing (the prior decides)."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.music.bars import BarNotes, Bars

GivenNotes = Callable[[int, int], BarNotes | None]
"""Bar and instrument to the notes that are given there; None: nothing."""


def given_outside(song: Bars, anew: NDArray[np.bool_]) -> GivenNotes:
    """The song's bars but for those in `anew` (bars, instruments)."""

    def given(bar: int, instrument: int) -> BarNotes | None:
        return None if anew[bar, instrument] else song.cell(bar, instrument)

    return given


def given_primer(primer: Bars) -> GivenNotes:
    """The primer's bars, and nothing after them."""

    def given(bar: int, instrument: int) -> BarNotes | None:
        return primer.cell(bar, instrument) if bar < len(primer) else None

    return given
