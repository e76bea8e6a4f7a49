"""Piano rolls as text: every note is drawn, and no row is wider than the terminal."""

import numpy as np
import pytest

from pianoroll_vae.console import Row
from pianoroll_vae.listen.terminal import LABEL_WIDTH, song_rows, songs_rows
from pianoroll_vae.music.band import LPD5
from pianoroll_vae.music.notes import Notes
from pianoroll_vae.music.song import Song
from tests.listen.songs import band_song, silence


def text(rows: list[Row]) -> list[str]:
    return ["".join(stretch.text for stretch in row) for row in rows]


def drawn(song: Song, columns: int) -> list[str]:
    """The lanes of a song without their labels."""
    return [line[LABEL_WIDTH + 1 :] for line in text(song_rows(song, columns + LABEL_WIDTH + 1)) if "│" in line]


def notes_song(*notes: tuple[int, int, int, int], steps: int = 16) -> Song:
    """Notes given as (instrument, pitch, start, length)."""
    columns = np.array([(*note, 90) for note in notes]).T
    return Song(LPD5, Notes.tidy(*columns), steps, 4)


@pytest.mark.parametrize("width", [30, 60, 80, 200])
def test_rows_fit_the_width(width: int) -> None:
    song = band_song(bars=30)
    assert max(len(line) for line in text(song_rows(song, width))) <= max(width, LABEL_WIDTH + 9)
    assert max(len(line) for line in text(songs_rows([song, song], width * 2))) <= width * 2


def test_a_note_is_as_long_as_it_sounds() -> None:
    rows = drawn(notes_song((0, 60, 4, 8)), 16)
    (line,) = [row for row in rows if row.strip()]
    assert (line.index(line.strip()), len(line.strip())) == (4, 8)


def test_a_repeated_note_is_not_a_held_one() -> None:
    (line,) = [row for row in drawn(notes_song((0, 60, 0, 8), (0, 60, 8, 8)), 32) if row.strip()]
    assert len(line.split()) == 2


def test_half_blocks_show_two_pitches_in_one_row() -> None:
    rows = drawn(notes_song((0, 60, 0, 4), (0, 61, 4, 4), (0, 60, 8, 4), (0, 61, 8, 4)), 16)
    assert {character for row in rows for character in row.strip()} <= set("▀▄█ ")


def test_each_drum_has_a_named_row() -> None:
    rows = text(song_rows(notes_song((4, 36, 0, 4), (4, 36, 8, 4), (4, 42, 4, 8)), LABEL_WIDTH + 17))
    lanes = [row.split("│") for row in rows if "│" in row]
    assert lanes[0][0].split() == ["drums", "hat"]
    assert [notes.count("▌") for _, notes in lanes] == [1, 2]


def test_bar_numbers_are_spaced_to_fit() -> None:
    numbers = text(song_rows(band_song(bars=30), 60))[0].split()
    assert numbers[:3] == ["1", "5", "9"]
    assert text(song_rows(band_song(bars=4), 60, first_bar=9))[0].split() == ["9", "10", "11", "12"]


def progression(*chords: tuple[int, int, int]) -> Song:
    """Each chord, three pitches, sounds for two bars."""
    notes = [(0, pitch, 32 * place, 32) for place, chord in enumerate(chords) for pitch in chord]
    return notes_song(*notes, steps=32 * len(chords))


def test_sections_and_chords_stand_above_the_columns_in_which_they_begin() -> None:
    song = progression((60, 64, 67), (57, 60, 64), (60, 65, 69), (59, 62, 67))
    rows = text(song_rows(song, LABEL_WIDTH + 1 + 64))
    sections, chords = (row[LABEL_WIDTH + 1 :] for row in rows[1:3])
    assert {sections.index(name): name for name in sections.split()} == {0: "A", 32: "B"}
    assert {chords.index(name): name for name in chords.split()} == {0: "C", 16: "Am", 32: "F", 48: "G"}


def test_a_dot_stands_for_chords_without_room() -> None:
    song = progression((60, 64, 67), (57, 60, 64), (60, 65, 69), (59, 62, 67))
    chords = text(song_rows(song, LABEL_WIDTH + 9))[2][LABEL_WIDTH + 1 :]
    assert chords == "C Am· G "


def test_a_song_without_notes_is_drawn_as_a_message() -> None:
    assert "no notes" in text(song_rows(silence(0), 80))[-1]
    assert "no notes" in text(song_rows(silence(), 80))[-1]
