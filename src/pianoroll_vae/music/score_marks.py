"""What stands above and before the notes of a score: meters, the key, tempi, sections and chord symbols, bar by bar."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element, SubElement

from pianoroll_vae.music.chart_marks import ChartMarks
from pianoroll_vae.music.chord_labels import NO_CHORD_SYMBOL, parse_chord_label
from pianoroll_vae.music.chord_labels import QUALITY_NAMES as QUALITIES
from pianoroll_vae.music.notation import Bar
from pianoroll_vae.music.song import Song

KINDS = dict(zip(QUALITIES, ("major", "minor", "dominant", "minor-seventh", "power", "suspended-fourth"), strict=True))


@dataclass(frozen=True)
class ScoreMarks:
    """Of all bars."""

    meters: dict[int, tuple[int, int]]
    """By number of the bar."""

    key: tuple[int, bool] | None
    """Sharps and whether it is minor."""

    marks: dict[int, list[tuple[int, str, str]]]
    """(offset in steps, kind, text) by number of the bar, in order."""

    @staticmethod
    def of(song: Song, bars: Sequence[Bar], chart: ChartMarks, key: tuple[int, bool] | None) -> ScoreMarks:
        starts = [bar.start for bar in bars]
        marks: defaultdict[int, list[tuple[int, str, str]]] = defaultdict(list)
        for kind, entries in (
            ("tempo", [(step, f"{bpm:.2f}") for step, bpm in song.tempo]),
            ("section", chart.sections),
            ("chord", chart.chords),
        ):
            for step, text in entries:
                bar = max(bisect_right(starts, step) - 1, 0)
                marks[bar].append((step - starts[bar], kind, text))
        meters = {max(bisect_right(starts, step) - 1, 0): (over, under) for step, over, under in song.meters}
        return ScoreMarks(meters, key, marks)

    def attributes(self, bar: int, divisions: int) -> Element:
        """The element before the notes of a bar, without children where nothing changes."""
        attributes = Element("attributes")
        if bar == 0:
            SubElement(attributes, "divisions").text = str(divisions)
            if self.key is not None:
                key = SubElement(attributes, "key")
                SubElement(key, "fifths").text = str(self.key[0])
                SubElement(key, "mode").text = "minor" if self.key[1] else "major"
        if bar in self.meters:
            time = SubElement(attributes, "time")
            for name, value in zip(("beats", "beat-type"), self.meters[bar], strict=True):
                SubElement(time, name).text = str(value)
        return attributes

    def directions(self, bar: int) -> list[Element]:
        write = {"tempo": _tempo, "section": _section, "chord": _harmony}
        return [write[kind](text, offset) for offset, kind, text in self.marks.get(bar, ())]


def _tempo(beats_per_minute: str, offset: int) -> Element:
    direction = Element("direction", placement="above")
    metronome = SubElement(SubElement(direction, "direction-type"), "metronome")
    SubElement(metronome, "beat-unit").text = "quarter"
    SubElement(metronome, "per-minute").text = beats_per_minute
    _add_offset(direction, offset)
    SubElement(direction, "sound", tempo=beats_per_minute)
    return direction


def _section(name: str, offset: int) -> Element:
    direction = Element("direction", placement="above")
    SubElement(SubElement(direction, "direction-type"), "rehearsal").text = name
    _add_offset(direction, offset)
    return direction


def _harmony(symbol: str, offset: int) -> Element:
    harmony = Element("harmony")
    if symbol == NO_CHORD_SYMBOL:
        root, alter, kind, text = "C", "", "none", symbol
    else:
        root, alter = symbol[0], {"#": "1", "b": "-1"}.get(symbol[1:2], "")
        text = QUALITIES[parse_chord_label(symbol)[0] % len(QUALITIES)]
        kind = KINDS[text]
    element = SubElement(harmony, "root")
    SubElement(element, "root-step").text = root
    if alter:
        SubElement(element, "root-alter").text = alter
    SubElement(harmony, "kind", text=text).text = kind
    _add_offset(harmony, offset)
    return harmony


def _add_offset(element: Element, offset: int) -> None:
    if offset:
        SubElement(element, "offset").text = str(offset)
