"""Draws songs as piano rolls into a PNG."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pianoroll_vae.console import Watch
from pianoroll_vae.desk.midi_input import open_song, output_for
from pianoroll_vae.desk.overwriting import remember_written
from pianoroll_vae.listen.picture import songs_png
from pianoroll_vae.music.band import Band
from pianoroll_vae.music.meter import BarRange
from pianoroll_vae.workspace import write_bytes


@dataclass(frozen=True)
class PlotReport:
    picture: Path
    notes: int


def run(
    sources: Sequence[Path],
    output: Path | None,
    band: Band,
    bars: BarRange | None = None,
    salvage: bool = False,
    watch: Watch | None = None,
    force: bool = False,
) -> PlotReport:
    """Write a PNG of the songs, side by side where there are several."""
    picture = output_for(sources[0], output, ".png", force)
    songs = [open_song(source, band, bars, salvage=salvage, watch=watch) for source in sources]
    write_bytes(picture, songs_png(songs, bars[0] if bars else 1))
    remember_written(picture)
    return PlotReport(picture, sum(len(song.notes) for song in songs))
