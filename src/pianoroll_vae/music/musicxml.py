"""Writes a song as MusicXML, the format in which notation programs exchange scores.

Each part of the song is a part of the score, keyboards with two staves. `notation` decides on note values, voices and
ties; this module writes them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from xml.etree.ElementTree import Element, SubElement, indent, tostring

import numpy as np

from pianoroll_vae.errors import NothingFound
from pianoroll_vae.music.band import Band, Instrument
from pianoroll_vae.music.chart import Chart
from pianoroll_vae.music.chart_marks import chart_marks
from pianoroll_vae.music.chart_reading import read_chart
from pianoroll_vae.music.chord_labels import FLATS, SHARPS, key_signature, spells_flats
from pianoroll_vae.music.drum_kit import DRUM_NAMES, DRUM_OF_KEY
from pianoroll_vae.music.meter import bar_starts
from pianoroll_vae.music.midi import assign_to_band
from pianoroll_vae.music.notation import (
    BEAT,
    MAX_VOICES,
    Bar,
    Symbol,
    hits,
    read_bars,
    snap_to_bars,
    voices,
    write_voice,
)
from pianoroll_vae.music.notes import Notes
from pianoroll_vae.music.score_marks import ScoreMarks
from pianoroll_vae.music.song import Song
from pianoroll_vae.music.source_midi import SourceMidi
from pianoroll_vae.music.stems import split_parts

HEAD = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n'
    b'<!DOCTYPE score-partwise PUBLIC "-//Recordare//DTD MusicXML 4.0 Partwise//EN" '
    b'"http://www.musicxml.org/dtds/partwise.dtd">\n'
)
TYPES = {4 * BEAT: "whole", 2 * BEAT: "half", BEAT: "quarter", BEAT // 2: "eighth", BEAT // 4: "16th"}
KEYBOARDS = range(24)
"""Programs with two staves: pianos, chromatic percussion and organs."""

MIDDLE_C = 60
LOW, VERY_LOW = 57, 43
"""Median pitches below which a part has a bass clef, and one that sounds an octave lower."""

DRUM_PLACES = {
    "kick": "F4", "snare": "C5", "stick": "C5", "low tom": "A4", "high tom": "E5",
    "hat": "G5", "open hat": "G5", "ride": "F5", "crash": "A5", "other": "B4",
}  # fmt: skip
"""Where each kind of drum stands in a percussion clef."""

CROSSES = ("stick", "hat", "open hat", "ride", "crash")

Voice = list[list[Symbol]]
"""The symbols of each bar."""


@dataclass(frozen=True)
class _Part:
    """A part of the score: its staves, each with its voices."""

    number: int
    instrument: Instrument
    notes: Notes
    staves: tuple[list[Voice], ...]
    flats: bool

    @property
    def keys(self) -> list[int]:
        """Of a drum part, the keys that are played."""
        return np.unique(self.notes.pitch).tolist() if self.instrument.is_drum else []


def musicxml_bytes(source_midi: SourceMidi, chart: Chart | None = None) -> bytes:
    """The score of a MIDI file; without a chart the one that is read from it."""
    song = _song_of_parts(source_midi)
    if not len(song.notes):
        raise NothingFound("The song has no notes to write as a score.", "Write it as MIDI: -o song.mid")
    chart = chart or read_chart(song)
    bars = read_bars(song)
    song = replace(song, notes=snap_to_bars(song.notes, bars))
    flats = chart.key is not None and spells_flats(chart.key)
    parts = [_part(song, index, bars, flats) for index in range(len(song.band))]
    root = Element("score-partwise", version="4.0")
    SubElement(SubElement(root, "work"), "work-title").text = song.name or "Song"
    part_list = SubElement(root, "part-list")
    for part in parts:
        _list_part(part_list, part)
    marks = ScoreMarks.of(song, bars, chart_marks(chart, song), key_signature(chart.key) if chart.key else None)
    for part in parts:
        _write_part(SubElement(root, "part", id=f"P{part.number}"), part, bars, marks)
    indent(root)
    return HEAD + tostring(root, encoding="unicode").encode()


def _song_of_parts(source_midi: SourceMidi) -> Song:
    """The file as a song of its own parts, in whole bars."""
    score, parts = source_midi.score, split_parts(source_midi)
    part_of_note = np.full(len(score), -1)
    instruments = []
    for number, part in enumerate(parts):
        part_of_note[part.notes] = number
        program = int(np.bincount(score.program[part.notes]).argmax())
        instruments.append(Instrument(part.name, program, bool(score.is_drum[part.notes].any())))
    band = Band("parts", tuple(instruments), instruments[0].name if instruments else "")
    song = assign_to_band(score, band, BEAT, part_of_note)
    _, over, under = song.meters[-1]
    starts = bar_starts(song)
    end = int(starts[-1] + over * 4 / under * BEAT) if len(starts) else 0
    return replace(song, steps=max(end, song.steps))


def _part(song: Song, index: int, bars: Sequence[Bar], flats: bool) -> _Part:
    instrument, notes = song.band.instruments[index], song.notes[song.notes.instrument == index]
    if instrument.is_drum:
        notes = hits(notes, bars)
    of_staves = [notes]
    if not instrument.is_drum and instrument.program in KEYBOARDS:
        of_staves = [notes[notes.pitch >= MIDDLE_C], notes[notes.pitch < MIDDLE_C]]
    staves = tuple([write_voice(voice, bars) for voice in voices(staff)] for staff in of_staves)
    return _Part(index + 1, instrument, notes, staves, flats)


def _list_part(part_list: Element, part: _Part) -> None:
    name, number = part.instrument.name, f"P{part.number}"
    entry = SubElement(part_list, "score-part", id=number)
    SubElement(entry, "part-name").text = name
    ids = [f"{number}-I{key}" for key in part.keys] or [f"{number}-I1"]
    kinds = [DRUM_NAMES[DRUM_OF_KEY[key]].capitalize() for key in part.keys] or [name]
    for each, kind in zip(ids, kinds, strict=True):
        SubElement(SubElement(entry, "score-instrument", id=each), "instrument-name").text = kind
    keys: list[int | None] = [*part.keys] or [None]
    for each, key in zip(ids, keys, strict=True):
        midi = SubElement(entry, "midi-instrument", id=each)
        channel = 10 if part.instrument.is_drum else (part.number - 1) % 9 + 1
        SubElement(midi, "midi-channel").text = str(channel)
        SubElement(midi, "midi-program").text = str(part.instrument.program + 1)
        if key is not None:
            SubElement(midi, "midi-unpitched").text = str(key + 1)


def _write_part(element: Element, part: _Part, bars: Sequence[Bar], marks: ScoreMarks) -> None:
    for number, bar in enumerate(bars):
        measure = SubElement(element, "measure", number=str(number + 1))
        attributes = marks.attributes(number, BEAT)
        if number == 0:
            _add_staves(attributes, part)
        if len(attributes):
            measure.append(attributes)
        if part.number == 1:
            measure.extend(marks.directions(number))
        back = 0
        for staff, own in enumerate(part.staves):
            for place in range(max(len(own), 1)):
                symbols = own[place][number] if own else []
                if not symbols and place:
                    continue
                if back:
                    SubElement(SubElement(measure, "backup"), "duration").text = str(back)
                _write_symbols(measure, symbols or [Symbol(bar.length)], not symbols, part, staff, place)
                back = bar.length


def _add_staves(attributes: Element, part: _Part) -> None:
    if len(part.staves) > 1:
        SubElement(attributes, "staves").text = str(len(part.staves))
    median = float(np.median(part.notes.pitch)) if len(part.notes) else MIDDLE_C
    for staff in range(len(part.staves)):
        clef = SubElement(attributes, "clef", number=str(staff + 1))
        if part.instrument.is_drum:
            SubElement(clef, "sign").text = "percussion"
            continue
        bass = staff == 1 or (len(part.staves) == 1 and median < LOW)
        SubElement(clef, "sign").text = "F" if bass else "G"
        SubElement(clef, "line").text = "4" if bass else "2"
        if bass and median < VERY_LOW and len(part.staves) == 1:
            SubElement(clef, "clef-octave-change").text = "-1"


def _write_symbols(
    measure: Element, symbols: Sequence[Symbol], whole_bar: bool, part: _Part, staff: int, voice: int
) -> None:
    """One voice of one bar. whole_bar: whether it is a rest over the whole bar."""
    now = 0
    for symbol in symbols:
        for place, pitch in enumerate(symbol.pitches or (None,)):
            note = SubElement(measure, "note")
            if place:
                SubElement(note, "chord")
            _add_pitch(note, pitch, part, whole_bar)
            SubElement(note, "duration").text = str(symbol.length)
            ties = [kind for kind, tied in (("stop", symbol.tied_back), ("start", symbol.tied_on)) if tied]
            for kind in ties:
                SubElement(note, "tie", type=kind)
            if pitch is not None and part.keys:
                SubElement(note, "instrument", id=f"P{part.number}-I{pitch}")
            SubElement(note, "voice").text = str(staff * MAX_VOICES + voice + 1)
            if not whole_bar:
                _add_type(note, symbol)
            if pitch is not None and part.keys and DRUM_NAMES[DRUM_OF_KEY[pitch]] in CROSSES:
                SubElement(note, "notehead").text = "x"
            if len(part.staves) > 1:
                SubElement(note, "staff").text = str(staff + 1)
            _add_notations(note, symbol, ties, now, first=not place)
        now += symbol.length


def _add_pitch(note: Element, pitch: int | None, part: _Part, whole_bar: bool) -> None:
    if pitch is None:
        SubElement(note, "rest", {"measure": "yes"} if whole_bar else {})
    elif part.instrument.is_drum:
        place = DRUM_PLACES[DRUM_NAMES[DRUM_OF_KEY[pitch]]]
        unpitched = SubElement(note, "unpitched")
        SubElement(unpitched, "display-step").text = place[0]
        SubElement(unpitched, "display-octave").text = place[1]
    else:
        name, element = (FLATS if part.flats else SHARPS)[pitch % 12], SubElement(note, "pitch")
        SubElement(element, "step").text = name[0]
        if len(name) > 1:
            SubElement(element, "alter").text = "1" if name[1] == "#" else "-1"
        SubElement(element, "octave").text = str(pitch // 12 - 1)


def _add_type(note: Element, symbol: Symbol) -> None:
    """The note value; a length that has none, as at the end of an odd bar, is written without."""
    length = symbol.length * 3 // 2 if symbol.triplet else symbol.length
    dotted = length not in TYPES and length % 3 == 0
    name = TYPES.get(length * 2 // 3 if dotted else length)
    if name is None:
        return
    SubElement(note, "type").text = name
    if dotted:
        SubElement(note, "dot")
    if symbol.triplet:
        modification = SubElement(note, "time-modification")
        SubElement(modification, "actual-notes").text = "3"
        SubElement(modification, "normal-notes").text = "2"


def _add_notations(note: Element, symbol: Symbol, ties: Sequence[str], now: int, first: bool) -> None:
    notations = Element("notations")
    for kind in ties if symbol.pitches else ():
        SubElement(notations, "tied", type=kind)
    if symbol.triplet and first:
        if now % BEAT == 0:
            SubElement(notations, "tuplet", type="start")
        if (now + symbol.length) % BEAT == 0:
            SubElement(notations, "tuplet", type="stop")
    if len(notations):
        note.append(notations)
