"""Marks of a chart: sections at their first bars, chords where they change."""

import numpy as np

from pianoroll_vae.music.band import LPD5
from pianoroll_vae.music.chart import Chart, parse_chart
from pianoroll_vae.music.chart_marks import ChartMarks, chart_marks
from pianoroll_vae.music.notes import Notes
from pianoroll_vae.music.song import Song


def marks(chart: str, bars: int = 8, meters: tuple[tuple[int, int, int], ...] = ((0, 4, 4),)) -> ChartMarks:
    song = Song(LPD5, Notes.empty(), bars * 16, 4, meters=meters)
    return chart_marks(parse_chart(chart)[0], song)


def test_sections_are_marked_at_their_first_bars_and_chords_where_they_change() -> None:
    found = marks("[Verse]\n| Am | Am F | % |\n[Chorus]\n| F | C |")
    assert found.sections == ((0, "Verse"), (48, "Chorus"))
    assert found.chords == ((0, "Am"), (24, "F"), (32, "Am"), (40, "F"), (64, "C"))


def test_marks_follow_the_meters_of_the_song() -> None:
    found = marks("| Am F | C | G |", bars=2, meters=((0, 3, 4), (12, 7, 8)))
    assert found.chords == ((0, "Am"), (8, "F"), (12, "C"), (26, "G"))


def test_marks_are_where_the_chart_has_them_if_its_bars_are_not_those_of_the_song() -> None:
    """Bars of 6/4 are written as two of 3/4, and two of 2/4 as one of 4/4."""
    found = marks("{time: 3/4}\n[A]\n| Am F | C |\n[B]\n| G | % |", bars=3, meters=((0, 6, 4),))
    assert found.chords == ((0, "Am"), (8, "F"), (12, "C"), (24, "G"))
    assert found.sections == ((0, "A"), (24, "B"))
    assert marks("| Am F | C | G |", bars=2, meters=((0, 2, 4),)).chords == ((0, "Am"), (8, "F"), (16, "C"))


def test_bars_after_the_end_of_the_song_have_no_marks() -> None:
    found = marks("[A]\n| Am | F |\n[B]\n| C |", bars=1)
    assert (found.sections, found.chords) == (((0, "A"),), ((0, "Am"),))


def test_a_change_to_no_chord_is_marked_and_a_song_without_chords_has_no_marks_of_chords() -> None:
    assert marks("| Am | N.C. |").chords == ((0, "Am"), (16, "N.C."))
    assert marks("| N.C. | N.C. |").chords == ()
    assert chart_marks(Chart((), np.zeros((0, 2), np.int64)), Song(LPD5, Notes.empty(), 0, 4)).sections == ()


def test_marks_that_follow_a_song_have_letters_that_it_does_not_have() -> None:
    found = marks("[A]\n| Am |\n[B]\n| F |\n[A]\n| Am |\n[Ending]\n| C |").with_new_letters({"A", "C"}).shifted(160)
    assert found.sections == ((160, "B"), (176, "D"), (192, "B"), (208, "Ending"))
    assert found.chords == ((160, "Am"), (176, "F"), (192, "Am"), (208, "C"))
