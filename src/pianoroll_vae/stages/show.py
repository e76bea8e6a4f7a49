"""Draws a song for the terminal and counts what each instrument plays."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pianoroll_vae.console import Row
from pianoroll_vae.desk.midi_input import open_song_and_chart
from pianoroll_vae.listen.terminal import song_rows
from pianoroll_vae.music.band import Band
from pianoroll_vae.music.chart import Chart
from pianoroll_vae.music.meter import BarRange, bar_starts
from pianoroll_vae.music.song import Song
from pianoroll_vae.music.summary import PartSummary, summarise_parts
from pianoroll_vae.progress import Watch


@dataclass(frozen=True)
class ShowReport:
    title: str
    bars: int
    seconds: float
    tempo: float
    parts: tuple[PartSummary, ...]
    song: Song
    chart: Chart
    width: int
    first_bar: int
    """The number of the first bar of `song`."""

    @property
    def rows(self) -> list[Row]:
        """The piano rolls below the song's chart."""
        return song_rows(self.song, self.width, self.first_bar, self.chart)

    def as_dict(self) -> dict[str, Any]:
        return {
            "title": self.title,
            "bars": self.bars,
            "seconds": round(self.seconds, 2),
            "tempo": round(self.tempo, 2),
            "instruments": [asdict(part) for part in self.parts],
        }


def run(
    source: Path,
    band: Band,
    width: int,
    bars: BarRange | None = None,
    salvage: bool = False,
    watch: Watch | None = None,
) -> ShowReport:
    """One song, or some of its bars, drawn in `width` columns."""
    song, chart = open_song_and_chart(source, band, bars, salvage, watch)
    return ShowReport(
        title=song.name,
        bars=len(bar_starts(song)),
        seconds=song.seconds,
        tempo=song.tempo[0][1],
        parts=summarise_parts(song),
        song=song,
        chart=chart,
        width=width,
        first_bar=bars[0] if bars else 1,
    )
