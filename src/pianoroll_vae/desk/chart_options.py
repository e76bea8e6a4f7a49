"""What is asked of a new song beside its sound: a chart, chords, a form, a key, genres, densities."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import get_args

import numpy as np

from pianoroll_vae.desk.music_options import WHOLE_BAND
from pianoroll_vae.errors import SettingInvalid, suggest
from pianoroll_vae.models.ensemble import Density, Ensemble, SongRequest
from pianoroll_vae.music.bar_lines import bar_parts, last_bar_meter, written_meter
from pianoroll_vae.music.chart import Chart, Section, load_chart
from pianoroll_vae.music.chord_labels import parse_chord_label
from pianoroll_vae.music.meter import beats_of
from pianoroll_vae.music.sections import section_letter
from pianoroll_vae.music.song import Song
from pianoroll_vae.progress import Watch


@dataclass(frozen=True)
class ChartOptions:
    """`form`: see `desk.form`; `chords`: symbols, one a bar, repeated; density: by name of instrument,
    `WHOLE_BAND` for those not named."""

    chart: Path | Chart | None = None
    form: str | None = None
    chords: str | None = None
    genres: tuple[str, ...] = ()
    density: Mapping[str, str] = field(default_factory=dict)

    def load(self, ensemble: Ensemble, watch: Watch | None = None) -> SongRequest:
        """What is asked, checked against the band; `watch` gets notices of what was simplified. The form belongs to the
        length of the song."""
        if self.chart is not None and (self.form or self.chords):
            raise SettingInvalid(
                "A chart has chords and a form of its own.", "Leave --chords and --form out, or --chart."
            )
        chart, notices = load_chart(self.chart) if isinstance(self.chart, Path) else (self.chart, [])
        if chart is not None and (written := chart_in_written_meter(chart)) is not chart:
            notices = [*notices, _meter_notice(chart, written)]
            chart = written
        levels: dict[str, Density] = {}
        for name, level in self.density.items():
            names = ensemble.band.names if name == WHOLE_BAND else (name,)
            levels |= {instrument: _level(level) for instrument in names}
        request = SongRequest(chart, genres=self.genres, density=levels)
        if self.chords and ensemble.plays_charts:
            request = replace(request, chart=chart_of_chords(self.chords), strict_chords=True)
        ensemble.check(request)
        if watch is not None:
            for notice in notices:
                watch.notice(notice)
        return request


def chart_in_written_meter(chart: Chart) -> Chart:
    """The chart in the meter in which bands write its bars: two bars of 2/4 are one of 4/4, a bar of 12/8 is two of
    6/8. Where bars are put together, chords inside of them are left out, and an odd section's last bar counts twice."""
    meter = written_meter(*chart.meter)
    if meter == chart.meter or not bar_parts(*chart.meter):
        return chart
    parts, joined = round(beats_of(chart.meter) / beats_of(meter)), round(beats_of(meter) / beats_of(chart.meter))
    if parts:  # each half bar is as many whole halves
        sections = tuple(replace(section, bars=parts * section.bars) for section in chart.sections)
        return replace(chart, sections=sections, chords=np.repeat(chart.chords, parts, 1).reshape(-1, 2), meter=meter)
    sections = tuple(replace(section, bars=-(-section.bars // joined)) for section in chart.sections)
    chords = [
        np.pad(chart.chords[first:end], ((0, -(end - first) % joined), (0, 0)), "edge").reshape(-1, 2 * joined)
        for first, end in pairwise(chart.starts.tolist())
    ]
    return replace(chart, sections=sections, chords=np.concatenate(chords)[:, ::joined], meter=meter)


def _meter_notice(chart: Chart, written: Chart) -> str:
    (over, under), (written_over, written_under) = chart.meter, written.meter
    ratio = beats_of(written.meter) / beats_of(chart.meter)
    how = f"{ratio:.0f} of its bars are one" if ratio > 1 else f"each of its bars is {1 / ratio:.0f}"
    return f"The chart in {over}/{under} is played in {written_over}/{written_under}: {how}"


def chart_of_chords(text: str) -> Chart:
    """A chart of one section with the chords of a text, one a bar."""
    symbols = text.replace("|", " ").replace(",", " ").split()
    if not symbols:
        raise SettingInvalid("There is no chord in --chords.", 'Write, for example, --chords "Am F C G".')
    labels = [parse_chord_label(symbol)[0] for symbol in symbols]
    return Chart((Section(section_letter(0), len(labels)),), np.repeat(np.array(labels)[:, None], 2, 1))


def request_in_meter(request: SongRequest, song: Song) -> SongRequest:
    """The request for music that follows a song, in its meter: chords, one a bar, are of any meter, charts are not."""
    chart, meter = request.chart, last_bar_meter(song)
    if chart is None or chart.meter == meter:
        return request
    if request.strict_chords:
        times = max(round(beats_of(song.meters[-1][1:]) / beats_of(meter)), 1)
        sections = tuple(replace(section, bars=times * section.bars) for section in chart.sections)
        chart = replace(chart, sections=sections, chords=np.repeat(chart.chords, times, 0), meter=meter)
        return replace(request, chart=chart)
    (over, under), (song_over, song_under) = chart.meter, meter
    raise SettingInvalid(
        f"The chart is in {over}/{under}, and the song that it continues in {song_over}/{song_under}.",
        f"Write {{time: {song_over}/{song_under}}} into the chart.",
    )


def chart_of_length(chart: Chart, beats: float) -> Chart:
    """The chart of a song of so many beats that plays it again and again."""
    bars = max(math.ceil(beats / beats_of(chart.meter)), 1)
    sections: list[Section] = []
    for repeat in range(math.ceil(bars / chart.bars)):
        for number, section in enumerate(chart.sections):
            left = bars - sum(earlier.bars for earlier in sections)
            if left > 0:
                returns_to = number if repeat and section.returns_to is None else section.returns_to
                sections.append(Section(section.name, min(section.bars, left), returns_to))
    return replace(chart, sections=tuple(sections), chords=np.resize(chart.chords, (bars, 2)))


def _level(text: str) -> Density:
    for level in get_args(Density):
        if text == level:
            return level  # type: ignore[no-any-return]
    raise SettingInvalid(f"There is no density '{text}'.", suggest(text, get_args(Density)))


def densities(text: str) -> dict[str, str]:
    """'low' or 'drums=low,bass=high' as levels by name of instrument."""
    levels = {}
    for part in text.split(","):
        name, equals, level = part.rpartition("=")
        if equals and not name.strip():
            raise SettingInvalid(f"'{part}' names no instrument.", "Write low, or drums=low,bass=high.")
        levels[name.strip()] = level.strip()
    return levels
