"""Songs are cut at bar lines, and go on at the bar line after their last note."""

import numpy as np
import pytest

from pianoroll_vae.music.band import LPD5
from pianoroll_vae.music.notes import Notes
from pianoroll_vae.music.phrases import end_of_last_bar
from pianoroll_vae.music.song import Song

BAR = 96


def song_of(*notes: tuple[int, int], meters: tuple[tuple[int, int, int], ...] = ((0, 4, 4),)) -> Song:
    """A song of piano notes with these starts and lengths in steps, 24 of a beat."""
    columns = Notes.tidy(*np.array([(0, 60 + index, *note, 80) for index, note in enumerate(notes)]).T)
    return Song(LPD5, columns, max(start + length for start, length in notes), 24, meters=meters)


@pytest.mark.parametrize(
    ("start", "length", "bars"),
    [
        (0, BAR, 1),
        (BAR - 24, 24, 1),
        (BAR - 24, 26, 1),
        (BAR - 24, 24 + BAR // 2, 1),
        (BAR - 24, 24 + BAR // 2 + 1, 2),
        (BAR, 2, 2),
        (BAR - 24, 24 + BAR + 2, 2),
    ],
)
def test_a_bar_into_which_notes_only_ring_is_not_the_last(start: int, length: int, bars: int) -> None:
    assert end_of_last_bar(song_of((0, 24), (start, length))) == bars * BAR


def test_bars_of_another_meter_are_halved_as_they_are() -> None:
    waltz = ((0, 3, 4),)
    assert end_of_last_bar(song_of((48, 24 + 36), meters=waltz)) == 72
    assert end_of_last_bar(song_of((48, 24 + 37), meters=waltz)) == 144


def test_a_song_without_notes_ends_where_it_begins() -> None:
    assert end_of_last_bar(Song(LPD5, Notes.tidy(*np.zeros((5, 0), np.int64)), 0, 24)) == 0
