"""Marks of a score stand in their bars, at their place."""

from pianoroll_vae.music.band import LPD5
from pianoroll_vae.music.chart_marks import ChartMarks
from pianoroll_vae.music.notation import BEAT, read_bars
from pianoroll_vae.music.notes import Notes
from pianoroll_vae.music.score_marks import ScoreMarks
from pianoroll_vae.music.song import Song

BAR = 4 * BEAT


def test_marks_stand_in_the_bar_in_which_they_are_with_their_offset() -> None:
    song = Song(LPD5, Notes.empty(), 2 * BAR, BEAT, ((0, 90.0), (BAR + BEAT, 120.0)))
    chart = ChartMarks(((BAR, "Chorus"),), ((0, "F#m7"), (2 * BEAT, "Bbsus4"), (BAR, "N.C.")))
    marks = ScoreMarks.of(song, read_bars(song), chart, (-3, True))
    tempo, first, second = marks.directions(0)
    assert tempo.findtext(".//per-minute") == "90.00"
    assert (first.findtext("root/root-step"), first.findtext("root/root-alter"), first.findtext("kind")) == (
        "F",
        "1",
        "minor-seventh",
    )
    assert (second.findtext("root/root-alter"), second.findtext("kind")) == ("-1", "suspended-fourth")
    assert second.findtext("offset") == str(2 * BEAT)
    assert [element.tag for element in marks.directions(1)] == ["direction", "direction", "harmony"]
    assert marks.attributes(0, BEAT).findtext("key/fifths") == "-3"
    assert not len(marks.attributes(1, BEAT))
