"""A set of songs with the measures of each: excerpt features, drop-out, key drift, coherence, published figures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.music.measures.coherence import coherence
from pianoroll_vae.music.measures.copying import PhraseIndex
from pianoroll_vae.music.measures.drift import KeyDrift, drops_out, key_drift, plays_early
from pianoroll_vae.music.measures.excerpt import cut_excerpts, describe, in_sixteenths
from pianoroll_vae.music.measures.published import published
from pianoroll_vae.music.notes import Notes
from pianoroll_vae.music.resolution import SIXTEENTHS_PER_BAR
from pianoroll_vae.music.song import Song
from pianoroll_vae.progress import Task

SCALE_CONSISTENCY = "band scale consistency"


@dataclass(frozen=True, eq=False)
class SongSet:
    """Songs of at least one excerpt each, on a grid of sixteenths."""

    name: str
    songs: tuple[Song, ...]
    features: tuple[NDArray[np.float32], ...]
    """For each song (excerpts, features)."""

    feature_names: tuple[str, ...]
    figures: tuple[Mapping[str, float], ...]
    """For each song the figures that papers publish."""

    coherence: tuple[Mapping[str, float], ...]
    """For each song the measures of harmony and form."""

    skip_bars: int
    """Bars at the beginning of each song that only drop-out includes."""

    def __len__(self) -> int:
        return len(self.songs)

    @cached_property
    def excerpts(self) -> NDArray[np.float32]:
        """(excerpts, features) of all songs."""
        return np.concatenate([np.zeros((0, len(self.feature_names)), np.float32), *self.features])

    def excerpts_of_first(self, count: int) -> NDArray[np.float32]:
        """(excerpts, features) of the first `count` songs."""
        return np.concatenate(self.features[:count])

    @cached_property
    def song_means(self) -> NDArray[np.float64]:
        """(songs, features): the mean of each song's excerpts."""
        return np.array([values.mean(0, dtype=np.float64) for values in self.features])

    def drop_out(self) -> dict[str, float | None]:
        """By instrument: of the songs in which it plays early, the share in which it is silent in the last half."""
        early = np.array([plays_early(song) for song in self.songs]).sum(0)
        silent = np.array([drops_out(song) for song in self.songs]).sum(0)
        names = self.songs[0].band.names
        return {name: float(s / e) if e else None for name, s, e in zip(names, silent, early, strict=True)}

    def mean_drift(self) -> KeyDrift | None:
        """The mean key drift of the songs in which it is defined."""
        column = self.feature_names.index(SCALE_CONSISTENCY)
        drifts = [drift for values in self.features if (drift := key_drift(values[:, column]))]
        if not drifts:
            return None
        return KeyDrift(float(np.mean([d.first for d in drifts])), float(np.mean([d.last for d in drifts])))

    def mean_figures(self) -> dict[str, float | None]:
        """The mean of each published figure over the songs in which it is defined."""
        return _means(self.figures)

    def mean_coherence(self) -> dict[str, float | None]:
        """The mean of each measure of harmony and form over the songs in which it is defined."""
        return _means(self.coherence)

    def copied_share(self, index: PhraseIndex) -> float | None:
        """The share of the phrases after the skipped bars that nearly equal one in the phrase book."""
        return index.copied_share([_from_bar(song, self.skip_bars) for song in self.songs])


def measure(name: str, songs: Sequence[Song], skip_bars: int, task: Task) -> SongSet:
    """Measure songs; those without a whole excerpt after the skipped bars are left out."""
    kept, features, figures, coherences = [], [], [], []
    names: tuple[str, ...] = ()
    for song in songs:
        described = describe(cut_excerpts(song, skip_bars))
        names = described.names
        if len(described):
            kept.append(in_sixteenths(song))
            coherences.append(coherence(_from_bar(kept[-1], skip_bars)))
            features.append(described.values)
            figures.append(published(song, skip_bars))
        task.advance()
    return SongSet(name, tuple(kept), tuple(features), names, tuple(figures), tuple(coherences), skip_bars)


def swap_instruments(songs: Sequence[Song]) -> list[Song]:
    """Songs whose instruments come from different songs: instrument i of song n is that of song n + i, cyclically."""
    swapped = []
    for number in range(len(songs)):
        sources = [songs[(number + instrument) % len(songs)] for instrument in range(len(songs[number].band))]
        steps = min(song.steps for song in sources)
        parts = [song.notes[song.notes.instrument == instrument] for instrument, song in enumerate(sources)]
        swapped.append(replace(songs[number], notes=Notes.concatenate(parts).between(0, steps), steps=steps))
    return swapped


def _means(songs: Sequence[Mapping[str, float]]) -> dict[str, float | None]:
    """The mean of each name's values over the songs in which it is defined."""
    names = dict.fromkeys(name for values in songs for name in values)
    defined = {name: [values[name] for values in songs if not np.isnan(values.get(name, np.nan))] for name in names}
    return {name: float(np.mean(values)) if values else None for name, values in defined.items()}


def _from_bar(song: Song, bar: int) -> Song:
    """The notes that begin at a bar or after it; a note that is held over it is left out."""
    first = bar * SIXTEENTHS_PER_BAR
    later = replace(song, notes=song.notes[song.notes.start >= first])
    return later.between(first, max(song.steps, first))
