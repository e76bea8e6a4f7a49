"""Songs end: in their chart on the tonic, in their notes with a last chord."""

from pathlib import Path

import numpy as np
import pytest

from pianoroll_vae.desk.endings import chart_with_ending
from pianoroll_vae.desk.length import Length
from pianoroll_vae.desk.music_options import MusicOptions
from pianoroll_vae.desk.new_songs import NewSongOptions, generate_songs
from pianoroll_vae.desk.primers import NONE, find_primers
from pianoroll_vae.models.ensemble import Ensemble, SongRequest
from pianoroll_vae.music.chart import parse_chart
from pianoroll_vae.music.key import Key
from pianoroll_vae.music.sections import ENDING
from pianoroll_vae.music.source_midi import SourceMidi
from pianoroll_vae.stages.continue_song import continue_
from tests.midi_files import midi_file

CHART = parse_chart("[A]\n| Am | F | C | G |\n[B]\n| F | G | Em | E |\n")[0]


def test_a_chart_ends_with_a_section_on_the_tonic_and_is_otherwise_the_same() -> None:
    ended = chart_with_ending(CHART, 32, Key(9, "minor"))
    assert [(section.name, section.bars) for section in ended.sections] == [("A", 4), ("B", 3), (ENDING, 1)]
    assert ended.symbols()[-2:] == ["Am", "Am"]
    assert np.array_equal(ended.chords[:7], CHART.chords[:7])
    assert parse_chart(str(ended))[0] == ended


def test_the_chart_of_a_waltz_ends_with_its_last_bar_of_three_beats() -> None:
    waltz = parse_chart("{time: 3/4}\n[A]\n| Am | F | C | G |\n[B]\n| F | G | Em | E |\n")[0]
    ended = chart_with_ending(waltz, 24, Key(9, "minor"), 3)
    assert [(section.name, section.bars) for section in ended.sections] == [("A", 4), ("B", 3), (ENDING, 1)]
    assert ended.symbols()[12:] == ["Em", "Em", "Am", "Am"]


def test_a_chart_that_ends_on_the_tonic_keeps_its_chord() -> None:
    chart = parse_chart("| F | G | Am7 | Am7 |")[0]
    assert np.array_equal(chart_with_ending(chart, 16, Key(9, "minor")).chords, chart.chords)
    assert chart_with_ending(chart, 8) == chart


def test_a_song_of_a_chart_of_its_own_ends_and_one_that_is_asked_not_to_goes_on(ensemble: Ensemble) -> None:
    if not ensemble.plays_charts:
        return
    primers = find_primers(None, NONE, [1], ensemble)
    songs = [
        generate_songs(ensemble, primers, [1], NewSongOptions(MusicOptions(ending=ending), Length(bars=12)))[0]
        for ending in (True, False)
    ]
    charts = [song.chart for song in songs if song.chart]
    assert [chart.sections[-1].name == ENDING for chart in charts] == [True, False]
    last = 44 * ensemble.steps_per_beat
    starts = [set(song.new.notes.start[song.new.notes.start >= last].tolist()) for song in songs]
    assert starts[0] <= {last}
    assert len(starts[1]) > 1
    assert songs[0].new.steps == songs[1].new.steps


def test_a_song_whose_chart_is_played_again_is_the_same_to_its_end(ensemble: Ensemble) -> None:
    if not ensemble.plays_charts:
        return
    primers = find_primers(None, NONE, [1], ensemble)
    [song] = generate_songs(ensemble, primers, [1], NewSongOptions(length=Length(bars=12)))
    request = SongRequest(parse_chart(str(song.chart))[0])
    [again] = generate_songs(ensemble, primers, [1], NewSongOptions(request=request))
    assert again.new.notes == song.new.notes


@pytest.mark.parametrize("meter", [(4, 4), (3, 4)])
def test_a_continuation_ends_with_its_last_bar(ensemble: Ensemble, tmp_path: Path, meter: tuple[int, int]) -> None:
    source_midi = SourceMidi.read(midi_file(tmp_path / "a.mid", beats=24, meter=meter))
    continuation = continue_(ensemble, source_midi, 1, length=Length(bars=6))
    new = continuation.arrangement.new
    last = new.steps - meter[0] * new.steps_per_beat
    assert new.notes.start.max() <= last
    loose = continue_(ensemble, source_midi, 1, MusicOptions(ending=False), Length(bars=6)).arrangement.new
    assert loose.notes != new.notes
