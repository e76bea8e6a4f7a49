"""Songs are as long as asked for, in a form of whole sections, and have their charts."""

import numpy as np
import pytest

from pianoroll_vae.desk.length import Length
from pianoroll_vae.desk.music_options import MusicOptions
from pianoroll_vae.desk.new_songs import NewSongOptions, generate_songs, plan_songs
from pianoroll_vae.desk.primers import NONE, find_primers
from pianoroll_vae.models.ensemble import Ensemble, SongRequest
from pianoroll_vae.music.arrangement import Arrangement
from pianoroll_vae.music.chart import parse_chart
from pianoroll_vae.music.song import Song


@pytest.mark.parametrize(
    ("length", "only_new", "beats"),
    [
        (Length(), False, 16 + 3 * 16),
        (Length(steps=2), False, 16 + 2 * 16),
        (Length(steps=2), True, 2 * 16),
        (Length(bars=10), False, 40),
        (Length(bars=10), True, 40),
        (Length(seconds=30), False, 48.5),
        (Length(bars=1), False, 4),
    ],
)
def test_a_song_is_as_long_as_asked_for(
    ensemble: Ensemble, primer: Song, length: Length, only_new: bool, beats: float
) -> None:
    options = NewSongOptions(length=length, default_phrases=3, only_new=only_new)
    [made] = generate_songs(ensemble, [primer], [1], options)
    song = made.new
    assert song.beats == beats
    assert song.notes.end.max() <= song.steps


def test_a_song_without_a_primer_is_as_long_as_its_chart(ensemble: Ensemble) -> None:
    if not ensemble.plays_charts:
        return
    primers = find_primers(None, NONE, [1], ensemble)
    chart, _ = parse_chart("[A]\n| C | F | G | C |\n[B]\n| Am | Dm |\n")
    [made] = generate_songs(ensemble, primers, [1], NewSongOptions(request=SongRequest(chart)))
    assert made.new.beats == 24
    assert made.chart is not None
    assert np.array_equal(made.chart.chords, chart.chords)
    options = NewSongOptions(length=Length(steps=2), request=SongRequest(chart))
    [longer] = generate_songs(ensemble, primers, [1], options)
    assert longer.new.beats == 32
    assert longer.chart is not None
    assert np.array_equal(longer.chart.chords, np.resize(chart.chords, (8, 2)))


def test_a_song_in_a_key_has_its_chart_in_that_key(ensemble: Ensemble) -> None:
    if not ensemble.plays_charts:
        return
    primers, chart = find_primers(None, NONE, [1], ensemble), parse_chart("| C | F | G | C |")[0]
    options = NewSongOptions(MusicOptions(key="D major"), request=SongRequest(chart))
    [made] = generate_songs(ensemble, primers, [1], options)
    assert made.chart is not None
    assert np.array_equal(made.chart.chords, chart.transposed(2).chords)


@pytest.mark.parametrize(
    ("form", "length", "bars"),
    [
        ("AABA", Length(steps=8), 4 + 32),
        ("AABA", Length(bars=4 + 30), 4 + 32),
        ("intro:2 verse:6 chorus:4 verse", Length(), 4 + 18),
        ("intro:2 verse:6", Length(bars=4 + 3), 4 + 8),
    ],
)
def test_a_song_in_a_form_has_whole_sections(
    ensemble: Ensemble, primer: Song, form: str, length: Length, bars: int
) -> None:
    [made] = generate_songs(ensemble, [primer], [1], NewSongOptions(length=length, form=form))
    assert made.new.beats == 4 * bars
    assert made.new.notes.start.max() > 4 * (bars - 4) * ensemble.steps_per_beat


def test_the_chart_of_a_song_has_the_sections_that_were_asked_for(ensemble: Ensemble, primer: Song) -> None:
    if not ensemble.plays_charts:
        return
    options = NewSongOptions(MusicOptions(ending=False), only_new=True, form="verse:6 solo:4 verse")
    [made] = generate_songs(ensemble, [primer], [1], options)
    assert made.chart is not None
    assert [(section.name, section.bars) for section in made.chart.sections] == [
        ("verse", 6),
        ("solo", 4),
        ("verse", 6),
    ]
    assert np.array_equal(made.chart.chords[:6], made.chart.chords[10:])


def test_each_phrase_that_is_planned_is_written_once(ensemble: Ensemble, primer: Song) -> None:
    asked, written = NewSongOptions(length=Length(bars=10)), list[int]()
    planned = plan_songs(ensemble, [primer], [1], asked)
    generate_songs(ensemble, [primer], [1], asked, written.append)
    assert sum(written) == sum(piece.phrases for piece in planned) == 2


def test_the_beginning_of_a_song_is_as_long_as_the_song(ensemble: Ensemble, primer: Song) -> None:
    beginnings: list[tuple[Arrangement, float]] = []
    options = NewSongOptions(length=Length(steps=3))
    [made] = generate_songs(ensemble, [primer], [1], options, on_beginning=lambda *given: beginnings.append(given))
    assert [beats for _, beats in beginnings] == ([32, 48] if ensemble.plays_charts else [])
    for song, beats in beginnings:
        assert song.new.steps == made.new.steps
        stop = round(beats * song.new.steps_per_beat)
        starts = made.new.notes.start < stop
        assert np.array_equal(song.new.notes.pitch[song.new.notes.start < stop], made.new.notes.pitch[starts])
