"""A score has the notes, bars and instruments of its song."""

from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from pianoroll_vae.errors import NothingFound
from pianoroll_vae.music.band import LPD5
from pianoroll_vae.music.chart import parse_chart
from pianoroll_vae.music.midi import midi_bytes
from pianoroll_vae.music.musicxml import musicxml_bytes
from pianoroll_vae.music.notes import Notes
from pianoroll_vae.music.song import Song
from pianoroll_vae.music.source_midi import SourceMidi
from tests.midi_files import UNUSUAL_FILES, melody_file, midi_file, unusual_file
from tests.music.scores import read_score

CHART = parse_chart("[Verse]\n| Am | F | C G | Am |\n[Chorus]\n| Dm | G7 | C | N.C. |\n")[0]


def tidy(rows: list[tuple[int, int, int, int]]) -> Notes:
    """Notes of (instrument, pitch, start, length)."""
    instrument, pitch, start, length = np.array(rows).T
    return Notes.tidy(instrument, pitch, start, length, np.full(len(rows), 80))


def song(meter: tuple[int, int] = (4, 4)) -> Song:
    """Eight bars of sixteenths, triplets, chords, held notes and drums, on 12 steps a beat."""
    rng = np.random.default_rng(1)
    beats, bar = 8 * meter[0] * 4 // meter[1], 12 * meter[0] * 4 // meter[1]
    rows: list[tuple[int, int, int, int]] = []
    for beat in range(beats):
        grid = 4 if beat % 3 == 0 else 3
        for instrument, low in enumerate((45, 50, 30, 60)):
            start = beat * 12 + grid * int(rng.integers(12 // grid))
            whole = (beat + 1 + int(rng.integers(2))) * 12
            end = whole if rng.random() < 0.6 else min(start + grid, (beat + 1) * 12)
            rows += [
                (instrument, low + 4 * k + int(rng.integers(3)), start, min(end, 8 * bar) - start) for k in range(3)
            ]
        rows += [(4, 42, beat * 12 + step, 1) for step in range(0, 12, grid)] + [(4, 36, beat * 12, 1)]
    notes = tidy(rows)
    return Song(LPD5, notes, 8 * bar, 12, ((0, 100.0),), ((0, *meter),), "A tune")


@pytest.mark.parametrize("meter", [(4, 4), (3, 4), (6, 8)])
def test_a_score_has_the_notes_bars_and_instruments_of_the_song(meter: tuple[int, int]) -> None:
    made = song(meter)
    parts = read_score(musicxml_bytes(SourceMidi.from_bytes(midi_bytes(made, {"guitar": 27})), CHART))
    assert [part.name for part in parts] == ["Piano", "Guitar", "Bass", "Strings", "Drums"]
    assert [part.programs for part in parts[:4]] == [{0}, {27}, {32}, {48}]
    for index, part in enumerate(parts):
        assert part.bars == [meter[0] * 4 / meter[1]] * 8
        own = made.notes[made.notes.instrument == index]
        if index == 4:
            assert sorted(note[:2] for note in part.notes) == sorted(
                zip(own.pitch.tolist(), (own.start / 12).tolist(), strict=True)
            )
            continue
        expected = sorted(zip(own.pitch.tolist(), (own.start / 12).tolist(), (own.length / 12).tolist(), strict=True))
        assert np.allclose(sorted(part.notes), expected)


def test_sections_and_chords_stand_above_the_first_part() -> None:
    first, *others = read_score(musicxml_bytes(SourceMidi.from_bytes(midi_bytes(song())), CHART))
    assert first.rehearsals == ["Verse", "Chorus"]
    assert first.harmonies == ["A", "F", "C", "G", "A", "D", "G", "C", "C"], "the last is N.C."
    assert not any(part.harmonies or part.rehearsals for part in others)


def test_triplets_and_the_meter_are_written_as_such() -> None:
    root = ElementTree.fromstring(musicxml_bytes(SourceMidi.from_bytes(midi_bytes(song((3, 4)))), CHART))
    assert (root.findtext(".//time/beats"), root.findtext(".//time/beat-type")) == ("3", "4")
    assert root.findtext("work/work-title") == "A tune"
    tuplets = [each.get("type") for each in root.iter("tuplet")]
    assert tuplets.count("start") == tuplets.count("stop") > 0


@pytest.mark.parametrize("what", [what for what in UNUSUAL_FILES if what not in ("no notes", "12 minutes")])
def test_a_score_of_an_unusual_file_has_whole_bars(tmp_path: Path, what: str) -> None:
    source_midi = SourceMidi.read(unusual_file(tmp_path / "a.mid", what))
    parts = read_score(musicxml_bytes(source_midi))
    assert len({tuple(part.bars) for part in parts}) == 1
    assert all(part.notes for part in parts)


def test_a_performance_is_brought_to_the_grid_and_loses_no_note(tmp_path: Path) -> None:
    source_midi = SourceMidi.read(midi_file(tmp_path / "a.mid", beats=16))
    parts = read_score(musicxml_bytes(source_midi))
    assert sum(len(part.notes) for part in parts) == len(source_midi.score)
    assert all((start * 12) % 1 == 0 for part in parts for _, start, _ in part.notes)


def test_without_notes_there_is_no_score(tmp_path: Path) -> None:
    with pytest.raises(NothingFound, match="no notes to write as a score") as caught:
        musicxml_bytes(SourceMidi.read(melody_file(tmp_path / "a.mid", ())))
    assert ".mid" in caught.value.hint


def test_more_voices_than_a_staff_has_are_cut_not_lost() -> None:
    rows = [(1, 50 + 2 * k, 3 * k, 48 - 3 * k) for k in range(8)]
    crowded = replace(song(), notes=tidy(rows))
    guitar = read_score(musicxml_bytes(SourceMidi.from_bytes(midi_bytes(crowded)), CHART))[0]
    assert sorted(pitch for pitch, _, _ in guitar.notes) == [50 + 2 * k for k in range(8)]
