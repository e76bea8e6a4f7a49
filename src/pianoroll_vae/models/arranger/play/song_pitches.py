"""The pitches of a song as logits: what is varied or blended stays in the harmony of its bar, and in a range."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.models.arranger.play.bar_vae import Index
from pianoroll_vae.models.arranger.play.kernels import Array
from pianoroll_vae.music.bars import LENGTHS, Bars
from pianoroll_vae.music.key import transpose_pitches
from pianoroll_vae.music.notes import PITCHES

OUTSIDE = -100.0
"""Logit of a pitch beyond an instrument's lowest and highest one, and of a drum that the song does not have. Finite: a
bar that has more notes than the song has places for them takes others too."""

CLASS_STRENGTH = 3.0
"""Factor of the logarithm of a pitch class's share. Noise that halves the onset F1 takes the notes outside of the scale
from .047 to .089 without, to .029 with it."""

BAR_WEIGHT = 0.8
"""How much of the share is that of the bar; the rest is that of the song."""

MIN_SHARE = 0.02
"""Of pitch classes that do not sound, of the one that sounds longest."""


@dataclass(frozen=True, eq=False)
class SongPitches:
    ranges: Array
    """(instruments, PITCHES): 0, or `OUTSIDE`."""

    classes: Array
    """(bars, 12): logits of pitch classes by how long they sound in the bar and in the song."""

    drums: NDArray[np.bool_]
    """(instruments,)"""

    @staticmethod
    def of_song(song: Bars, drums: NDArray[np.bool_], semitones: int) -> "SongPitches":
        """Of a song that is transposed by `semitones`."""
        cell = np.repeat(np.arange(len(song.source)), np.diff(song.first))
        bar, instrument = cell // song.instruments, cell % song.instruments
        pitched, pitch = ~drums[instrument], song.notes[:, 1].astype(np.int64)
        pitch[pitched] = transpose_pitches(pitch[pitched], semitones)
        used = np.zeros((song.instruments, PITCHES), np.bool_)
        used[instrument, pitch] = True
        from_lowest = np.logical_or.accumulate(used, 1)
        to_highest = np.logical_or.accumulate(used[:, ::-1], 1)[:, ::-1]
        inside = np.where(drums[:, None], used, from_lowest & to_highest)
        sounding = np.zeros((len(song), 12))
        np.add.at(sounding, (bar[pitched], pitch[pitched] % 12), LENGTHS[song.notes[pitched, 2]])
        ranges = np.where(inside, 0, OUTSIDE).astype(np.float32)
        return SongPitches(ranges, _class_logits(sounding), drums)

    def in_any_range(self) -> "SongPitches":
        """With the harmony of the song, and all pitches and drums."""
        return replace(self, ranges=np.zeros_like(self.ranges))

    def logits(self, rows: Index) -> Array:
        """(rows, PITCHES) of the cells `rows` (bar · instruments + instrument)."""
        bar, instrument = np.divmod(rows, len(self.drums))
        by_class = self.classes[bar][:, np.arange(PITCHES) % 12]
        return np.asarray(self.ranges[instrument] + np.where(self.drums[instrument, None], 0, by_class), np.float32)


def _class_logits(sounding: NDArray[np.float64]) -> Array:
    """(bars, 12) of how long each pitch class sounds in each bar. Silent bars have what the song has."""
    whole = np.broadcast_to(sounding.sum(0), sounding.shape)
    in_bar = np.where(sounding.any(1, keepdims=True), sounding, whole)
    share = BAR_WEIGHT * _shares(in_bar) + (1 - BAR_WEIGHT) * _shares(whole)
    largest = np.maximum(share.max(1, keepdims=True), np.finfo(np.float64).tiny)
    return np.asarray(CLASS_STRENGTH * np.log(share / largest + MIN_SHARE), np.float32)


def _shares(sounding: NDArray[np.float64]) -> NDArray[np.float64]:
    """(bars, 12), the sum of each row 1 or, where nothing sounds, 0."""
    return np.asarray(sounding / np.maximum(sounding.sum(1, keepdims=True), 1))
