"""Reads the chart of a song, or of a chart file, and writes it as text."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pianoroll_vae.atomic_files import write_text
from pianoroll_vae.desk.midi_input import open_song, open_source, output_for
from pianoroll_vae.desk.overwriting import remember_written
from pianoroll_vae.music.band import Band
from pianoroll_vae.music.chart import Chart, load_chart, write_chart
from pianoroll_vae.music.chart_reading import explained_share, half_bar_edges, pitch_class_cells, read_chart
from pianoroll_vae.music.written_chart import find_chart
from pianoroll_vae.progress import Watch

SUFFIX = ".chart"


@dataclass(frozen=True)
class ChartReport:
    chart: Chart
    explained: float | None
    """The share of the song's sounding pitched cells that are tones of their half bar's chord; None for a chart file or
    a song without pitched notes."""

    notices: tuple[str, ...]
    """What was simplified."""

    written: Path | None

    def as_dict(self) -> dict[str, Any]:
        chart = self.chart
        symbols = chart.symbols()
        starts = chart.starts.tolist()
        return {
            "title": chart.title,
            "key": str(chart.key) if chart.key else None,
            "tempo": chart.tempo,
            "meter": list(chart.meter),
            "bars": chart.bars,
            "explained": None if self.explained is None else round(self.explained, 4),
            "sections": [
                {
                    "name": section.name,
                    "first_bar": first + 1,
                    "bars": section.bars,
                    "returns_to": section.returns_to,
                    "chords": [symbols[2 * bar : 2 * bar + 2] for bar in range(first, first + section.bars)],
                }
                for section, first in zip(chart.sections, starts, strict=False)
            ],
            "written": str(self.written) if self.written else None,
        }


def run(
    source: Path,
    band: Band | None,
    output: Path | None,
    salvage: bool = False,
    watch: Watch | None = None,
    force: bool = False,
) -> ChartReport:
    """The chart of a MIDI file, or of a chart file checked and written anew; written to `output` if given."""
    path = None if output is None else output_for(source, output, SUFFIX, force)
    explained: float | None = None
    notices: list[str] = []
    if source.suffix.lower() == SUFFIX:
        chart, notices = load_chart(source)
    else:
        song = open_song(source, band, None, salvage=salvage, watch=watch)
        chart, stands_there = find_chart(open_source(source, salvage=salvage))
        if stands_there:
            notices.append("The sections and chords are those that stand in the file.")
        else:
            chart = read_chart(song)
        cells = pitch_class_cells(song, half_bar_edges(song))
        explained = explained_share(cells, chart.chords.ravel()) if cells.any() else None
    if path is not None:
        write_text(path, write_chart(chart))
        remember_written(path)
    return ChartReport(chart, explained, tuple(notices), path)
