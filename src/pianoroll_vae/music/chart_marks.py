"""Where a song's chart is marked: the step and text of each section and of each change of chord."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from itertools import count

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.music.chart import Chart
from pianoroll_vae.music.chart_reading import half_bar_edges
from pianoroll_vae.music.chord_labels import NO_CHORD
from pianoroll_vae.music.notes import round_steps
from pianoroll_vae.music.sections import ENDING, section_letter
from pianoroll_vae.music.song import Song

Mark = tuple[int, str]
"""A step and the text that stands there."""


@dataclass(frozen=True)
class ChartMarks:
    """Marks in ascending order, at most one of each kind a step."""

    sections: tuple[Mark, ...]
    chords: tuple[Mark, ...]
    """Symbols of the chords that differ from the one before; none where the whole song has no chord."""

    def shifted(self, steps: int) -> "ChartMarks":
        """The same marks, so many steps later."""
        sections, chords = (tuple((step + steps, text) for step, text in row) for row in (self.sections, self.chords))
        return ChartMarks(sections, chords)

    def with_new_letters(self, taken: Collection[str]) -> "ChartMarks":
        """The marks with another letter, A, B, …, for each section, none of those that are taken; `ENDING` stays."""
        letters = (letter for letter in map(section_letter, count()) if letter not in taken)
        names: dict[str, str] = {ENDING: ENDING}
        for _, name in self.sections:
            if name not in names:
                names[name] = next(letters)
        return replace(self, sections=tuple((step, names[name]) for step, name in self.sections))


def chart_marks(chart: Chart, song: Song) -> ChartMarks:
    """The marks of a chart in its song; bars of the chart after the song's end have none."""
    edges = _half_bars(chart, song).tolist()
    sections = {
        edges[2 * first]: section.name
        for section, first in zip(chart.sections, chart.starts.tolist(), strict=False)
        if 2 * first < len(edges)
    }
    labels = chart.chords.ravel()[: len(edges)]
    changes = np.flatnonzero(np.diff(labels, prepend=-1)).tolist()
    symbols = chart.symbols()
    chords = {edges[half]: symbols[half] for half in changes} if (labels != NO_CHORD).any() else {}
    return ChartMarks(tuple(sections.items()), tuple(chords.items()))


def _half_bars(chart: Chart, song: Song) -> NDArray[np.int64]:
    """(half bars,): the step with which each half bar of a chart begins: in the bars of the song, or in the chart's own
    meter where it has another, as a band writes bars of 6/4 as two of 3/4."""
    if len(song.meters) > 1 or song.meters[0][1:] == chart.meter:
        return half_bar_edges(song)[:-1]
    edges = round_steps(chart.half_beats[:-1] * song.steps_per_beat)
    return edges[edges < song.steps]
