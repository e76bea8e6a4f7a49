"""Songs as pypianoroll's `Multitrack`, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.errors import FileUnreadable, PackageMissing
from pianoroll_vae.music.band import Band
from pianoroll_vae.music.meter import bar_starts, meters_of_downbeats
from pianoroll_vae.music.notes import PITCHES, Rolls
from pianoroll_vae.music.song import DEFAULT_TEMPO, Song

if TYPE_CHECKING:
    from pypianoroll import Multitrack

BINARY_VELOCITY = 64
"""Of the notes of a `BinaryTrack`, as pypianoroll writes them."""


def to_multitrack(song: Song, programs: Mapping[str, int]) -> Multitrack:
    """A track for each instrument, with `pianoroll` (steps, 128) uint8 velocities, and `tempo` and `downbeat`
    (steps,); programs: those that are not the band's, by instrument."""
    try:
        from pypianoroll import Multitrack, StandardTrack  # imports SciPy and Matplotlib
    except ModuleNotFoundError:
        raise PackageMissing(
            "A multitrack needs the package pypianoroll.", "Install it: pip install 'pianoroll-vae[pypianoroll]'"
        ) from None
    tempo, downbeat = np.empty(song.steps), np.zeros(song.steps, np.bool_)
    for step, beats_per_minute in song.tempo:
        tempo[step:] = beats_per_minute
    downbeat[np.ceil(bar_starts(song)).astype(np.int64)] = True
    tracks = [
        StandardTrack(one.name, programs.get(one.name, one.program), one.is_drum, roll)
        for one, roll in zip(song.band, song.rolls(), strict=True)
    ]
    return Multitrack(song.name or None, song.steps_per_beat, tempo, downbeat, tracks)


def from_multitrack(multitrack: Multitrack, band: Band) -> Song:
    """The song of any tracks; each goes to the instrument of its program, and the louder of two notes on a cell stays.
    Its meters are those of the downbeats."""
    lengths = [len(track.pianoroll) for track in multitrack.tracks]
    if not lengths:
        raise FileUnreadable("The multitrack has no tracks.", "Give one with a track or more.")
    rolls: Rolls = np.zeros((len(band), max(lengths), PITCHES), np.uint8)
    for track in multitrack.tracks:
        instrument = band.instrument_for(int(track.program or 0), bool(track.is_drum))
        if instrument is not None:
            part = rolls[instrument, : len(track.pianoroll)]
            np.maximum(part, _velocities(track.pianoroll), out=part)
    downbeat = () if multitrack.downbeat is None else multitrack.downbeat[: rolls.shape[1]]
    return Song(
        band,
        Song.from_rolls(band, rolls, multitrack.resolution).notes,
        rolls.shape[1],
        multitrack.resolution,
        tempo=_tempo_changes(multitrack.tempo),
        meters=meters_of_downbeats(np.flatnonzero(np.asarray(downbeat)), rolls.shape[1], multitrack.resolution),
        name=multitrack.name or "",
    )


def _velocities(pianoroll: NDArray[Any]) -> NDArray[np.uint8]:
    if pianoroll.dtype == np.bool_:
        return np.where(pianoroll, np.uint8(BINARY_VELOCITY), np.uint8(0))
    return np.asarray(np.clip(pianoroll, 0, PITCHES - 1), np.uint8)


def _tempo_changes(tempo: NDArray[Any] | None) -> tuple[tuple[int, float], ...]:
    if tempo is None or not len(tempo):
        return ((0, DEFAULT_TEMPO),)
    values = np.asarray(tempo, np.float64).reshape(-1)
    steps = [0, *(np.flatnonzero(np.diff(values)) + 1).tolist()]
    return tuple((step, float(values[step])) for step in steps)
