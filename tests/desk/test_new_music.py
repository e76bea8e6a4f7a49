"""New music is cut to its length, and ends on its chart."""

from dataclasses import replace
from pathlib import Path

import pytest

from pianoroll_vae.desk.new_music import NewMusic, chart_bars, phrases_for, sample_music
from pianoroll_vae.models.ensemble import DEFAULT_SAMPLING, Ensemble
from pianoroll_vae.music.chart import parse_chart
from pianoroll_vae.music.key import Key
from pianoroll_vae.music.notes import Notes
from pianoroll_vae.music.sections import ENDING
from pianoroll_vae.music.song import Song
from pianoroll_vae.music.source_midi import SourceMidi
from tests.midi_files import midi_file

CHART = parse_chart("[A]\n| C | F | G | C |\n")[0]


@pytest.fixture
def primer(tmp_path: Path) -> Song:
    return SourceMidi.read(midi_file(tmp_path / "a.mid", beats=16)).song


def test_the_chart_is_played_again_until_the_end_and_ends_on_the_key_where_that_is_asked_for(primer: Song) -> None:
    piece = NewMusic(primer, 1, 24, 2, 4).with_chart(CHART, None, ending=False).played_chart
    assert piece is not None
    assert piece.symbols()[::2] == ["C", "F", "G", "C", "C", "F"]
    ended = NewMusic(primer, 1, 16, 1, 4).with_chart(CHART, Key(5), ending=True).chart
    assert ended is not None
    assert (ended.sections[-1].name, ended.symbols()[-1]) == (ENDING, "F")


def test_notes_after_the_end_are_left_out_with_an_ending_and_without(primer: Song) -> None:
    piece = NewMusic(primer, 1, 14, 1, 4)
    notes = Notes.concatenate([primer.notes, primer.notes.shifted(primer.steps)])
    cut, ended = (piece.finish(notes, ending) for ending in (False, True))
    assert piece.steps == 14 * primer.steps_per_beat
    assert cut == notes.between(0, piece.steps)
    assert ended.end.max() == piece.steps
    assert ended != cut


def test_a_phrase_has_four_bars_of_a_chart_and_two_of_five_four(ensemble: Ensemble, primer: Song) -> None:
    if ensemble.reads_meters:
        bars = {(4, 4): 12, (3, 4): 12, (6, 4): 12, (5, 4): 6, (7, 4): 6}
        assert {meter: chart_bars(ensemble, 3, replace(primer, meters=((0, *meter),))) for meter in bars} == bars


def test_music_is_sampled_on_the_grid_of_its_primer(ensemble: Ensemble, primer: Song) -> None:
    phrases = phrases_for(ensemble, 17, primer)
    piece = NewMusic(primer, 3, 17, phrases, 4)
    if ensemble.plays_charts:
        piece = piece.with_chart(CHART, None, ending=False)
    [notes] = sample_music(ensemble, [piece], DEFAULT_SAMPLING)
    assert phrases == 2
    assert 24 * primer.steps_per_beat < notes.end.max() <= 32 * primer.steps_per_beat
