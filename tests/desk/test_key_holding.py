"""New notes are held in a key, and the chords of their song keep their tones."""

from dataclasses import replace

import numpy as np
import pytest

from pianoroll_vae.desk.key_holding import hold_key
from pianoroll_vae.desk.music_options import MusicOptions
from pianoroll_vae.music.arrangement import Arrangement
from pianoroll_vae.music.band import LPD5
from pianoroll_vae.music.chart import Chart, parse_chart
from pianoroll_vae.music.chart_marks import chart_marks
from pianoroll_vae.music.chords import parse_chords
from pianoroll_vae.music.key import parse_key
from pianoroll_vae.music.midi import midi_bytes
from pianoroll_vae.music.notes import Notes
from pianoroll_vae.music.song import Song
from pianoroll_vae.music.source_midi import SourceMidi
from tests.music.test_chart_reading import song_of

GRID, BAR = 24, 96
STRINGS, DRUMS = LPD5.index("strings"), LPD5.index("drums")
A_MINOR = parse_key("A minor")
CHANGES = "[A]\n| Am | E7 |\n| Am | E7 |\n| Am | E7 |\n"
CHART: Chart = parse_chart(CHANGES)[0]


def song(*pitches: int, instrument: int = STRINGS) -> Song:
    """A whole note a bar, from the first bar on."""
    count = len(pitches)
    start = np.arange(count) * BAR
    notes = Notes.tidy(np.full(count, instrument), pitches, start, np.full(count, BAR), np.full(count, 80))
    return Song(LPD5, notes, count * BAR, GRID)


G_SHARP = song(68, 68, 61, 61, 68, 68)
"""G sharp over Am and E7, then C sharp, which is outside of both, and G sharp again."""


def pitches(arrangement: Arrangement, key: str = "A minor", drop: bool = False, plays_chords: bool = True) -> list[int]:
    return in_time(hold_key(arrangement, parse_key(key), None, plays_chords, drop))


def in_time(held: Song) -> list[int]:
    return list(map(int, held.notes.pitch[np.argsort(held.notes.start)]))


def test_the_leading_tone_of_the_dominant_stays_and_what_is_outside_of_chord_and_scale_moves() -> None:
    assert pitches(Arrangement(G_SHARP, chart=CHART)) == [67, 68, 60, 60, 67, 68]
    assert pitches(Arrangement(G_SHARP, chart=CHART), drop=True) == [68, 68]
    assert pitches(Arrangement(G_SHARP)) == [67, 67, 60, 60, 67, 67]


def test_chords_that_follow_a_song_count_from_where_they_begin() -> None:
    marks = chart_marks(CHART, G_SHARP.between(0, 4 * BAR)).shifted(2 * BAR)
    assert pitches(Arrangement(G_SHARP, marks=marks)) == [67, 67, 60, 60, 67, 68]


def test_chords_that_a_band_has_not_played_do_not_count() -> None:
    assert pitches(Arrangement(G_SHARP, chart=CHART), plays_chords=False) == [67, 67, 60, 60, 67, 67]


def test_a_note_may_begin_a_little_before_its_chord() -> None:
    early = G_SHARP.between(GRID // 2, G_SHARP.steps)
    assert pitches(Arrangement(early, chart=CHART)) == [67, 68, 60, 60, 67, 68]


def test_kept_chords_keep_their_tones_in_the_new_parts_unless_they_are_in_another_key() -> None:
    source_midi = SourceMidi.from_bytes(midi_bytes(song_of(CHANGES)))
    arrangement = Arrangement(G_SHARP, source_midi, np.ones(len(source_midi.score), np.bool_))
    assert pitches(arrangement, plays_chords=False) == [67, 68, 60, 60, 67, 68]
    assert pitches(replace(arrangement, transpose=2), plays_chords=False) == [67, 68, 60, 60, 67, 68]
    assert pitches(arrangement, "F major", plays_chords=False) == [67, 67, 60, 60, 67, 67]


@pytest.mark.parametrize("transpose", [0, 3])
def test_chords_that_are_asked_for_beside_a_key_keep_their_tones(transpose: int) -> None:
    options = MusicOptions(key="A minor", chords="Am E7", transpose=transpose)
    arrangement, facts = options.apply(Arrangement(G_SHARP), G_SHARP, plays_chords=True, moves="nothing")
    assert (np.array(in_time(arrangement.new)) - transpose).tolist() == [67, 68, 60, 60, 67, 68]
    assert facts["key"] == str(A_MINOR.transposed(transpose))
    harmony = parse_chords("Am E7", 24)
    held = hold_key(Arrangement(G_SHARP), A_MINOR, harmony)
    assert in_time(held) == [67, 68, 60, 60, 67, 68]


def test_drums_stay() -> None:
    drums = song(37, 39, instrument=DRUMS)
    assert hold_key(Arrangement(drums, chart=CHART), A_MINOR, None, plays_chords=True) == drums
