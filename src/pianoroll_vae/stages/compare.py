"""Compares two songs: drawn one above the other, with the share of cells each instrument has in common."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pianoroll_vae.console import Row
from pianoroll_vae.desk.midi_input import open_song
from pianoroll_vae.listen.terminal import songs_rows
from pianoroll_vae.music.band import Band
from pianoroll_vae.music.meter import BarRange
from pianoroll_vae.music.song import Song
from pianoroll_vae.progress import Watch


@dataclass(frozen=True)
class PartSimilarity:
    """Two parts of one instrument; shared: the F1 of their cells, None where both are silent."""

    instrument: str
    notes: tuple[int, int]
    shared: float | None


@dataclass(frozen=True)
class CompareReport:
    titles: tuple[str, str]
    parts: tuple[PartSimilarity, ...]
    rows: list[Row]

    def as_dict(self) -> dict[str, Any]:
        return {"titles": list(self.titles), "instruments": [asdict(part) for part in self.parts]}


def run(
    first: Path,
    second: Path,
    band: Band,
    width: int,
    bars: BarRange | None = None,
    salvage: bool = False,
    watch: Watch | None = None,
) -> CompareReport:
    """Two songs, or some of their bars, drawn in `width` columns."""
    one, other = (open_song(source, band, bars, salvage=salvage, watch=watch) for source in (first, second))
    return CompareReport(
        titles=(one.name, other.name),
        parts=tuple(_compare_parts(one, other, index) for index in range(len(band))),
        rows=songs_rows([one, other], width, bars[0] if bars else 1),
    )


def _compare_parts(one: Song, other: Song, instrument: int) -> PartSimilarity:
    parts = [song.notes[song.notes.instrument == instrument] for song in (one, other)]
    longest = max(one.steps, other.steps)
    cells = [row * longest + step for row, step, _ in (part.cells(longest) for part in parts)]
    total = len(cells[0]) + len(cells[1])
    both = len(np.intersect1d(cells[0], cells[1], assume_unique=True))
    return PartSimilarity(
        one.band.names[instrument], (len(parts[0]), len(parts[1])), 2 * both / total if total else None
    )
