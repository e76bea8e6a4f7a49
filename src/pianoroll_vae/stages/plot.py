"""Draws songs as piano rolls into PNGs: pages that a screen can show, or one picture as high as it must be."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pianoroll_vae.desk.midi_input import open_song_and_chart, output_for
from pianoroll_vae.desk.overwriting import check_replaceable
from pianoroll_vae.desk.picture_pages import page_paths, write_pages
from pianoroll_vae.listen.picture import songs_png, songs_sheets
from pianoroll_vae.music.band import Band
from pianoroll_vae.music.meter import BarRange
from pianoroll_vae.progress import SilentWatch, Watch


@dataclass(frozen=True)
class PlotReport:
    pictures: tuple[Path, ...]
    notes: int

    def as_dict(self) -> dict[str, Any]:
        return {"pictures": list(map(str, self.pictures)), "notes": self.notes}


def run(
    sources: Sequence[Path],
    output: Path | None,
    band: Band,
    bars: BarRange | None = None,
    salvage: bool = False,
    watch: Watch | None = None,
    force: bool = False,
    one_page: bool = False,
) -> PlotReport:
    """Write the songs, side by side where there are several; pages after the first one are song-page-2.png, …"""
    picture = output_for(sources[0], output, ".png", force)
    opened = [open_song_and_chart(source, band, bars, salvage, watch) for source in sources]
    songs, charts = [song for song, _ in opened], [chart for _, chart in opened]
    first_bar = bars[0] if bars else 1
    count, sheets = songs_sheets(songs, first_bar, charts)
    if one_page:
        count, sheets = 1, iter([songs_png(songs, first_bar, charts)])
    check_replaceable(page_paths(picture, count), force)
    drawn = []
    with (watch or SilentWatch()).task("Drawing", count, "pages") as task:
        for sheet in sheets:
            drawn.append(sheet)
            task.advance()
    return PlotReport(write_pages(picture, drawn), sum(len(song.notes) for song in songs))
