"""The last bar of a song: a held chord of those who play, and a last hit."""

import numpy as np
import pytest

from pianoroll_vae.music.band import LPD5
from pianoroll_vae.music.chord_labels import NO_CHORD, parse_chord_label
from pianoroll_vae.music.ending import ending_beat, with_ending
from pianoroll_vae.music.notes import Notes
from tests.listen.songs import band_song

BAR = 4 * 12
EDGES = np.array([3, 4]) * BAR
PIANO, BASS, DRUMS = (LPD5.index(name) for name in ("piano", "bass", "drums"))


def label(symbol: str) -> int:
    return parse_chord_label(symbol)[0]


def ended(notes: Notes, *chords: str) -> Notes:
    """Four bars at 12 steps a beat, the last of them an ending."""
    edges = 3 * BAR + BAR // 2 * np.arange(3)
    return with_ending(notes, LPD5, edges if len(chords) == 2 else EDGES, 12, np.array([label(c) for c in chords]))


def busy_song() -> Notes:
    """A piano that plays a third on each beat, a bass on each, and drums on each half beat."""
    notes = [
        (instrument, pitch, step, 6, 70)
        for step in range(0, 4 * BAR, 12)
        for instrument, pitch in ((PIANO, 64), (PIANO, 68), (BASS, 40), (DRUMS, 35))
    ]
    return Notes.tidy(*np.array(notes).T)


@pytest.mark.parametrize(
    ("beats", "bar", "begin"), [(32, 4, 28), (33, 4, 28), (34, 4, 32), (12, 3, 9), (11, 4, None), (0, 4, None)]
)
def test_an_ending_begins_with_the_last_bar_that_leaves_time_for_it(
    beats: float, bar: float, begin: float | None
) -> None:
    assert ending_beat(beats, bar) == begin


def test_the_last_bar_is_one_held_chord_of_those_who_play_and_a_last_hit() -> None:
    song = ended(busy_song(), "Am", "Am")
    last = song[song.start >= 3 * BAR]
    pitched = last[last.instrument != DRUMS]
    assert set(last.start.tolist()) == {3 * BAR}
    assert set(pitched.end.tolist()) == {4 * BAR}
    assert pitched.pitch[pitched.instrument == PIANO].tolist() == [64, 69]
    assert pitched.pitch[pitched.instrument == BASS].tolist() == [45]
    assert last.pitch[last.instrument == DRUMS].tolist() == [35, 49]
    assert song[song.start < 3 * BAR] == busy_song().between(0, 3 * BAR)


def test_two_chords_of_the_last_bar_are_both_struck() -> None:
    song = ended(busy_song(), "E", "Am")
    last = song[(song.start >= 3 * BAR) & (song.instrument != DRUMS)]
    assert set(last.start.tolist()) == {3 * BAR, 3 * BAR + 24}
    assert set(last.pitch[last.start == 3 * BAR].tolist()) <= {40, 64, 68}


def test_without_a_chord_the_pitches_stay() -> None:
    song = with_ending(busy_song(), LPD5, EDGES, 12, np.array([NO_CHORD]))
    assert song.pitch[(song.start >= 3 * BAR) & (song.instrument == PIANO)].tolist() == [64, 68]


def test_who_was_silent_stays_silent_and_silence_ends_in_silence() -> None:
    early = busy_song()
    early = early[(early.instrument == PIANO) | (early.start < BAR // 2)]
    assert set(ended(early, "C").between(3 * BAR, 4 * BAR).instrument.tolist()) == {PIANO}
    assert not len(ended(Notes.empty(), "C"))


def test_a_note_that_sounds_into_the_ending_is_struck_again() -> None:
    song = with_ending(band_song(bars=4).notes, LPD5, EDGES, 12, np.array([label("C")]))
    assert (song.end[song.start < 3 * BAR] <= 3 * BAR).all()
