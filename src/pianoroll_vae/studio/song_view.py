"""A take as the page draws it: bars, chart and notes in ticks of its file, and the names of its pieces of sound."""

import json
from collections import OrderedDict
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np

from pianoroll_vae.listen.lanes import colours_of
from pianoroll_vae.music.band import PROGRAMS, Band
from pianoroll_vae.music.chart import Chart
from pianoroll_vae.music.chart_marks import chart_marks
from pianoroll_vae.music.midi import TICKS_PER_BEAT
from pianoroll_vae.music.source_midi import SourceMidi
from pianoroll_vae.music.written_chart import find_chart, written_chart
from pianoroll_vae.studio.sound_pieces import SongPieces

OTHERS_COLOUR = "#777777"
MAX_NAME = 80
SONGS_KEPT = 16


@cache
def instruments_of(band: Band) -> list[dict[str, Any]]:
    """The instruments of a band; `programs` are the General MIDI programs of the parts that each takes."""
    taken = [band.instrument_for(program, is_drum=False) for program in PROGRAMS]
    return [
        {
            "name": instrument.name,
            "is_drum": instrument.is_drum,
            "colour": colours_of(band)[place],
            "programs": [program for program in PROGRAMS if taken[program] == place],
        }
        for place, instrument in enumerate(band)
    ]


@dataclass(frozen=True)
class SongView:
    """A song that was read once."""

    source_midi: SourceMidi
    own_chart: bool = False
    """Whether the chart in the file is the song's, even where its notes are few; else it is only where it fits them."""

    beats: float | None = None
    """How many beats are written, while the rest is being written."""

    @cached_property
    def pieces(self) -> SongPieces:
        return SongPieces(self.source_midi, self.beats)

    @cached_property
    def chart(self) -> Chart:
        own = written_chart(self.source_midi) if self.own_chart else None
        return own or find_chart(self.source_midi)[0]

    @cached_property
    def content(self) -> dict[str, Any]:
        """Times are ticks; notes are [number in the file, pitch, start, length, velocity]."""
        score, song = self.source_midi.score, self.source_midi.song
        scale = score.ticks_per_beat / song.steps_per_beat
        marks = chart_marks(self.chart, song)
        edges = self.pieces.edges * score.ticks_per_beat / TICKS_PER_BEAT
        return {
            "name": song.name[:MAX_NAME],
            "ticks_per_beat": score.ticks_per_beat,
            "ticks": song.steps * scale,
            "seconds": round(song.seconds, 3),
            "tempo": [[step * scale, bpm] for step, bpm in song.tempo],
            "meters": [[step * scale, over, under] for step, over, under in song.meters],
            "bars": (self.pieces.bar_steps[:-1] * scale).tolist(),
            "key": str(self.chart.key) if self.chart.key else "",
            "sections": [[step * scale, name[:MAX_NAME]] for step, name in marks.sections],
            "chords": [[step * scale, symbol] for step, symbol in marks.chords],
            "chart": str(self.chart),
            "lanes": [self._lane(lane) for lane in range(len(self.pieces.lanes))],
            "pieces": edges.tolist(),
            "written": float(edges[self.pieces.written]),
        }

    @cached_property
    def encoded(self) -> bytes:
        """`content` as JSON, which takes 20 ms for a long song."""
        return json.dumps(self.content, separators=(",", ":")).encode()

    def _sounds(self, lane: int) -> list[str]:
        count, written = self.pieces.count, self.pieces.written
        return [self.pieces.digest(lane, piece) if piece < written else "" for piece in range(count)]

    def _lane(self, lane: int) -> dict[str, Any]:
        score, band = self.source_midi.score, self.source_midi.band
        known = lane < len(band)
        own = np.flatnonzero(self.source_midi.instrument == (lane if known else -1))
        own = own[np.argsort(score.start[own], kind="stable")]
        columns = (own, score.pitch[own], score.start[own], (score.end - score.start)[own], score.velocity[own])
        is_drum = known and band.instruments[lane].is_drum
        name = self.pieces.lanes[lane]
        programs = self.source_midi.programs
        return {
            "name": name,
            "is_drum": is_drum,
            "colour": colours_of(band)[lane] if known else OTHERS_COLOUR,
            "program": programs.get(name, band.instruments[lane].program) if known and not is_drum else None,
            "notes": np.stack(columns, 1).tolist(),
            "sounds": self._sounds(lane),
        }


class SongViews:
    """Songs that were read; the last ones are kept."""

    def __init__(self) -> None:
        self._views: OrderedDict[Path, SongView] = OrderedDict()

    def read(self, path: Path, band: Band, own_chart: bool = False, beats: float | None = None) -> SongView:
        if path not in self._views:
            self._views[path] = SongView(SourceMidi.read(path, band), own_chart, beats)
        self._views.move_to_end(path)
        while len(self._views) > SONGS_KEPT:
            self._views.popitem(last=False)
        return self._views[path]

    def clear(self) -> None:
        self._views.clear()
