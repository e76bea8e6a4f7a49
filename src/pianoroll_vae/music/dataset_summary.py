"""Summarises a dataset: its size, and what each instrument plays."""

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.music.dataset import Dataset
from pianoroll_vae.music.notes import PITCHES
from pianoroll_vae.music.resolution import BEATS_PER_BAR
from pianoroll_vae.music.segments import build_bank
from pianoroll_vae.music.splits import SPLITS
from pianoroll_vae.music.summary import pitch_name

MAX_ONSETS = 40
"""Bars with more onsets are counted with these."""


@dataclass(frozen=True)
class InstrumentSummary:
    """What an instrument does in all songs."""

    name: str
    songs: int
    """In how many it plays."""

    bars_played: float
    """Share of all bars in which it sounds."""

    notes: int
    pitches: NDArray[np.int64]
    """(128,): how many notes begin on each pitch."""

    onsets: NDArray[np.int64]
    """(MAX_ONSETS + 1,): how many bars have so many onsets."""

    @property
    def pitch_range(self) -> str:
        """'C2–G♯4', empty where nothing is played."""
        played = np.flatnonzero(self.pitches)
        return f"{pitch_name(int(played[0]))}–{pitch_name(int(played[-1]))}" if len(played) else ""


@dataclass(frozen=True)
class DatasetSummary:
    """All of a dataset."""

    songs: int
    segments: int
    hours: float
    notes: int
    splits: dict[str, int]
    genres: tuple[tuple[str, int], ...]
    """(genre, songs), the most frequent first."""

    instruments: tuple[InstrumentSummary, ...]


def summarise(dataset: Dataset) -> DatasetSummary:
    """Look at every note once; bars have four beats."""
    instruments = len(dataset.band)
    bar = dataset.steps_per_beat * BEATS_PER_BAR
    bars = 0
    played = np.zeros(instruments, np.int64)
    pitches = np.zeros((instruments, PITCHES), np.int64)
    onsets = np.zeros((instruments, MAX_ONSETS + 1), np.int64)
    for part in dataset.notes_of(np.arange(len(dataset))):
        pitches += np.bincount(part.row, minlength=pitches.size).reshape(pitches.shape)
        bank = build_bank([part], instruments, bar)
        bars += len(bank)
        played += bank.sounding.sum(axis=0)
        slot = np.repeat(np.arange(len(bank) * instruments), np.diff(bank.first))
        begun = np.bincount(slot[bank.begins], minlength=len(bank) * instruments).reshape(-1, instruments)
        for instrument in range(instruments):
            onsets[instrument] += np.bincount(np.minimum(begun[:, instrument], MAX_ONSETS), minlength=MAX_ONSETS + 1)
    entries = dataset.songs
    splits = Counter(entry.split for entry in entries)
    genres = Counter(genre for entry in entries for genre in entry.genres)
    return DatasetSummary(
        songs=len(entries),
        segments=sum(entry.steps // dataset.segment_steps for entry in entries),
        hours=float(dataset.seconds().sum() / 3600),
        notes=int(pitches.sum()),
        splits={split: splits[split] for split in SPLITS},
        genres=tuple(sorted(genres.items(), key=lambda item: (-item[1], item[0]))),
        instruments=tuple(
            InstrumentSummary(
                name=name,
                songs=sum(entry.notes[instrument] > 0 for entry in entries),
                bars_played=float(played[instrument] / max(bars, 1)),
                notes=int(pitches[instrument].sum()),
                pitches=pitches[instrument],
                onsets=onsets[instrument],
            )
            for instrument, name in enumerate(dataset.band.names)
        ),
    )
