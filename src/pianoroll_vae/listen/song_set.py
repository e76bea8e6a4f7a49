"""Songs of one origin and everything that is measured of each: what an evaluation compares.

Knows nothing of judges, and nothing of where the songs come from but a name.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.console import Task
from pianoroll_vae.music.measures.copying import PhraseBook
from pianoroll_vae.music.measures.drift import KeyDrift, drops_out, key_drift, plays_early
from pianoroll_vae.music.measures.excerpt import STEPS_PER_BAR, describe, excerpts_of, in_sixteenths
from pianoroll_vae.music.measures.published import published
from pianoroll_vae.music.notes import Notes
from pianoroll_vae.music.song import Song

SCALE_CONSISTENCY = "band scale consistency"


@dataclass(frozen=True, eq=False)
class SongSet:
    """Songs of at least one excerpt each, on the grid of sixteenths."""

    name: str
    songs: tuple[Song, ...]
    features: tuple[NDArray[np.float32], ...]
    """For each song (excerpts, features)."""

    feature_names: tuple[str, ...]
    figures: tuple[Mapping[str, float], ...]
    """For each song what papers print."""

    skip_bars: int
    """Bars at the beginning of each song that nothing but drop-out looks at."""

    def __len__(self) -> int:
        return len(self.songs)

    @cached_property
    def excerpts(self) -> NDArray[np.float32]:
        """(excerpts, features) of all songs."""
        return np.concatenate([np.zeros((0, len(self.feature_names)), np.float32), *self.features])

    def first(self, count: int) -> NDArray[np.float32]:
        """(excerpts, features) of the first `count` songs."""
        return np.concatenate(self.features[:count])

    @cached_property
    def portraits(self) -> NDArray[np.float64]:
        """(songs, features): the mean of each song's excerpts."""
        return np.array([values.mean(0, dtype=np.float64) for values in self.features])

    def drop_out(self) -> dict[str, float | None]:
        """By instrument: of the songs in which it plays early, the share in which it is silent in the last half."""
        early = np.array([plays_early(song) for song in self.songs]).sum(0)
        gone = np.array([drops_out(song) for song in self.songs]).sum(0)
        names = self.songs[0].band.names
        return {name: float(g / e) if e else None for name, g, e in zip(names, gone, early, strict=True)}

    def mean_drift(self) -> KeyDrift | None:
        """The mean key drift of the songs that have one."""
        column = self.feature_names.index(SCALE_CONSISTENCY)
        drifts = [drift for values in self.features if (drift := key_drift(values[:, column]))]
        if not drifts:
            return None
        return KeyDrift(float(np.mean([d.first for d in drifts])), float(np.mean([d.last for d in drifts])))

    def mean_figures(self) -> dict[str, float | None]:
        """The mean of each figure over the songs in which it can be measured."""
        names = dict.fromkeys(name for figures in self.figures for name in figures)
        found = {name: [f[name] for f in self.figures if not np.isnan(f.get(name, np.nan))] for name in names}
        return {name: float(np.mean(values)) if values else None for name, values in found.items()}

    def known_to(self, book: PhraseBook) -> float | None:
        """The share of the phrases after the skipped bars that a book of phrases knows."""
        return book.share([_from_bar(song, self.skip_bars) for song in self.songs])


def measure(name: str, songs: Sequence[Song], skip_bars: int, task: Task) -> SongSet:
    """Measure songs; those without a whole excerpt after the skipped bars are left out."""
    heard, features, figures = [], [], []
    names: tuple[str, ...] = ()
    for song in songs:
        described = describe(excerpts_of(song, skip_bars))
        names = described.names
        if len(described):
            heard.append(in_sixteenths(song))
            features.append(described.values)
            figures.append(published(song, skip_bars))
        task.advance()
    return SongSet(name, tuple(heard), tuple(features), names, tuple(figures), skip_bars)


def _from_bar(song: Song, bar: int) -> Song:
    """What begins at a bar or after it: a note held over from before is no note of the rest."""
    first = bar * STEPS_PER_BAR
    begun = replace(song, notes=song.notes[song.notes.start >= first])
    return begun.between(first, max(song.steps, first))


def exchanged(songs: Sequence[Song]) -> list[Song]:
    """Bands put together of strangers: each song's instruments play songs that follow each other in the list."""
    strangers = []
    for place in range(len(songs)):
        givers = [songs[(place + chair) % len(songs)] for chair in range(len(songs[place].band))]
        steps = min(song.steps for song in givers)
        parts = [song.notes[song.notes.instrument == chair] for chair, song in enumerate(givers)]
        strangers.append(replace(songs[place], notes=Notes.concatenate(parts).between(0, steps), steps=steps))
    return strangers
