"""What a song is sampled from: for each bar and instrument its notes, a latent, or nothing (the prior decides)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.models.arranger.play.batch_decoder import NO_NOTES
from pianoroll_vae.models.arranger.play.kernels import Array
from pianoroll_vae.models.ensemble import Latents
from pianoroll_vae.music.bars import BarNotes, Bars


@dataclass(frozen=True)
class BarLatent:
    """A bar that is decoded from this latent."""

    latent: Array | None
    """(latent_size,); None: a rest."""

    same_as: int = -1
    """An earlier bar of the song, which this one repeats; -1: none."""

    guide: BarNotes = field(default_factory=lambda: NO_NOTES)
    guide_probability: float = 0.0
    """Of taking the next note from the guide."""


Given = Callable[[int, int], BarNotes | BarLatent | None]
"""Bar and instrument to what is given there; None: nothing."""


def given_latents(
    latents: Latents,
    same_as: NDArray[np.int64],
    guide: Bars | None = None,
    guide_probability: NDArray[np.float64] | None = None,
    fixed: NDArray[np.bool_] | None = None,
    anew: NDArray[np.bool_] | None = None,
) -> Given:
    """Latents, and the guide's notes where `fixed` (bars, instruments) is True.

    latents: (bars, instruments, 1 + latent_size), as of `ArrangerBand.encode_bars`; same_as: (bars, instruments), of
    `bar_latents.same_before`; guide_probability: (instruments,); anew: (instruments,), for which nothing is given where
    it is not fixed.
    """

    def given(bar: int, instrument: int) -> BarNotes | BarLatent | None:
        notes = NO_NOTES if guide is None else guide.cell(bar, instrument)
        if fixed is not None and fixed[bar, instrument]:
            return notes
        if anew is not None and anew[instrument]:
            return None
        if latents[bar, instrument, 0] <= 0:
            return BarLatent(None)
        probability = 0.0 if guide_probability is None else float(guide_probability[instrument])
        return BarLatent(latents[bar, instrument, 1:], int(same_as[bar, instrument]), notes, probability)

    return given


def given_primer(primer: Bars) -> Given:
    """The primer's bars, and nothing after them."""

    def given(bar: int, instrument: int) -> BarNotes | None:
        return primer.cell(bar, instrument) if bar < len(primer) else None

    return given


def given_instruments(song: Bars, known: Sequence[bool]) -> Given:
    """The bars of the instruments marked in `known` (instruments,), and nothing for the others."""

    def given(bar: int, instrument: int) -> BarNotes | None:
        return song.cell(bar, instrument) if known[instrument] else None

    return given
