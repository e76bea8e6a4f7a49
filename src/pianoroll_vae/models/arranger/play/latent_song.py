"""Songs as latents of the bar VAE, bar by bar and instrument by instrument, in C major or A minor."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.models.arranger.play.bar_vae import BarVae, Index
from pianoroll_vae.models.arranger.play.kernels import Array
from pianoroll_vae.models.arranger.play.mixed_bars import MixedBars, decode_mixed_bars
from pianoroll_vae.music.bar_lines import BarLines
from pianoroll_vae.music.bars import LENGTHS, SILENT, BarNotes, Bars
from pianoroll_vae.music.key import nearest_octave, semitones_to_c, transpose_pitches
from pianoroll_vae.music.notes import PITCHES
from pianoroll_vae.music.resolution import TWELFTHS_PER_BAR

Cells = NDArray[np.int64]
"""(bars, instruments)"""


@dataclass(frozen=True, eq=False)
class LatentSong:
    """A song's bars as latents. Bars of an instrument that are the same have the same latent."""

    latents: Array
    """(bars, instruments, latent_size): zeros where an instrument begins no note."""

    plays: NDArray[np.bool_]
    """(bars, instruments)"""

    semitones: int
    """By which the song was transposed to C major or A minor."""

    @property
    def rows(self) -> Array:
        """(bars · instruments, latent_size)"""
        return _rows(self.latents)

    def select_bars(self, bars: Index) -> "LatentSong":
        """These bars; those after the song's end rest."""
        _, instruments, size = self.latents.shape
        latents = np.concatenate([self.latents, np.zeros((1, instruments, size), np.float32)])
        plays = np.concatenate([self.plays, np.zeros((1, instruments), np.bool_)])
        own = np.where(bars < len(self.plays), bars, -1)
        return LatentSong(latents[own], plays[own], self.semitones)

    @staticmethod
    def encode(
        vae: BarVae,
        song: Bars,
        drums: NDArray[np.bool_],
        keep_key: bool = False,
        near: int = 0,
    ) -> "LatentSong":
        """keep_key: without transposition. near: a transposition of which the song's is at most 6 semitones away."""
        source, instruments = song.source, song.instruments
        first = np.flatnonzero(source * instruments + np.arange(len(source)) % instruments == np.arange(len(source)))
        semitones = 0 if keep_key else int(nearest_octave(semitones_to_c(_durations(song, drums)), near))
        row = np.repeat(np.arange(len(source)), np.diff(song.first))
        kept = np.isin(row, first)
        notes, bar, instrument = (
            song.notes[kept].astype(np.int64),
            np.searchsorted(first, row[kept]),
            first % instruments,
        )
        notes[:, 1] = transpose_pitches(notes[:, 1], np.where(drums[instrument[bar]], 0, semitones))
        means = vae.encode(notes, bar, instrument)
        place = np.searchsorted(first, np.maximum(source, 0) * instruments + np.arange(len(source)) % instruments)
        plays = (source != SILENT).reshape(len(song), instruments)
        flat = plays.ravel()
        latents = np.zeros((len(source), vae.sizes.latent_size), np.float32)
        latents[flat] = means[place[flat]]
        return LatentSong(latents.reshape(*plays.shape, latents.shape[1]), plays, semitones)


def count_notes(vae: BarVae, song: LatentSong) -> Cells:
    """(bars, instruments): how many notes each latent decodes to."""
    rows, instruments = np.flatnonzero(song.plays), song.plays.shape[1]
    latents = song.rows[rows]
    distinct, place = distinct_rows(latents, rows % instruments)
    counts = np.zeros(song.plays.size, np.int64)
    counts[rows] = vae.count_onsets(latents[distinct], rows[distinct] % instruments)[place]
    return counts.reshape(song.plays.shape)


def decode_song(
    vae: BarVae,
    latents: Array,
    plays: NDArray[np.bool_],
    semitones: Index,
    drums: NDArray[np.bool_],
    lines: BarLines | None = None,
    mixed: MixedBars | None = None,
) -> Bars:
    """The song of latents (bars, instruments, latent_size), transposed back by `semitones` (bars,). Equal latents
    become equal bars. lines: None: bars of 4/4. mixed: what the latents were mixed from, with rows bar · instruments +
    instrument."""
    rows, instruments = np.flatnonzero(plays), plays.shape[1]
    flat = _rows(latents)[rows]
    distinct, place = distinct_rows(flat, rows % instruments)
    chosen = rows[distinct]
    if mixed is None:
        notes, bar = vae.decode(flat[distinct], chosen % instruments)
    else:
        notes, bar = decode_mixed_bars(vae, flat[distinct], mixed.select(chosen), chosen % instruments)
    begins = np.searchsorted(bar, np.arange(len(chosen) + 1))
    counts = np.diff(begins)[place]
    cell = np.repeat(rows, counts)
    notes = notes[np.repeat(begins[place] - np.cumsum(counts) + counts, counts) + np.arange(len(cell))]
    pitched = ~drums[cell % instruments]
    notes[:, 1] = transpose_pitches(notes[:, 1], -semitones[cell // instruments] * pitched)
    _, once = np.unique((cell * TWELFTHS_PER_BAR + notes[:, 0]) * PITCHES + notes[:, 1], return_index=True)
    lines = lines or BarLines.even(len(plays))
    return Bars.from_columns(notes[once].astype(np.uint8), cell[once], instruments, lines)


def distinct_rows(latents: Array, instrument: Index, counts: Index | None = None) -> tuple[Index, Index]:
    """The first of each distinct latent (rows, size) of an instrument with a count, and for each row its place among
    them. Equal latents are decoded once, so that they decode to the same notes."""
    own = instrument if counts is None else counts * 64 + instrument
    places: dict[tuple[bytes, int], int] = {}
    first: list[int] = []
    place = np.zeros(len(latents), np.int64)
    for row, key in enumerate(zip(map(bytes, np.ascontiguousarray(latents)), own.tolist(), strict=True)):
        place[row] = places.setdefault(key, len(places))
        if place[row] == len(first):
            first.append(row)
    return np.array(first, np.int64), place


def sorted_notes(notes: NDArray[np.int64]) -> BarNotes:
    """By step, then pitch, each pitch once on a step."""
    _, once = np.unique(notes[:, 0] * 128 + notes[:, 1], return_index=True)
    return notes[once].astype(np.uint8)


def _rows(latents: Array) -> Array:
    """(bars, instruments, latent_size) to (bars · instruments, latent_size)."""
    bars, instruments, size = latents.shape
    return latents.reshape(bars * instruments, size)


def _durations(song: Bars, drums: NDArray[np.bool_]) -> NDArray[np.float64]:
    """(12,): how long each pitch class sounds in the pitched instruments."""
    row = np.repeat(np.arange(len(song.source)), np.diff(song.first))
    notes = song.notes[~drums[row % song.instruments]]
    return np.bincount(notes[:, 1] % 12, weights=LENGTHS[notes[:, 2]], minlength=12).astype(np.float64)
