"""Interpolate, average, blend and reconstruct: the ends of an interpolation are the reconstructions of the songs."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pianoroll_vae.console import SilentWatch
from pianoroll_vae.desk.mixing import interpolate_latents
from pianoroll_vae.desk.music_options import MusicOptions
from pianoroll_vae.errors import NothingFound, SettingInvalid
from pianoroll_vae.models.arranger.play.band import ArrangerBand
from pianoroll_vae.models.ensemble import Ensemble
from pianoroll_vae.music.notes import Notes
from pianoroll_vae.music.source_midi import SourceMidi
from pianoroll_vae.stages import interpolate
from pianoroll_vae.stages.average import average
from pianoroll_vae.stages.blend import blend, nearest_of_style
from pianoroll_vae.stages.interpolate import interpolate as interpolate_songs
from pianoroll_vae.stages.interpolate import interpolate_stepwise
from pianoroll_vae.stages.reconstruct import reconstruct
from pianoroll_vae.workspace import Workspace
from tests.musicians_files import melody_file, midi_file, notes_of


@pytest.fixture
def two(tmp_path: Path) -> tuple[SourceMidi, SourceMidi]:
    one = midi_file(tmp_path / "a.mid", beats=40, tempi=(90.0,))
    other = midi_file(tmp_path / "b.mid", beats=70, instruments=("guitar", "bass", "strings"), tempi=(160.0,), seed=4)
    return SourceMidi.read(one), SourceMidi.read(other)


def reconstructed(ensemble: Ensemble, source_midi: SourceMidi) -> Notes:
    """The notes of a song's reconstruction."""
    return reconstruct(ensemble, source_midi)[1].new.notes


@pytest.mark.parametrize("linear", [False, True])
def test_the_ends_of_an_interpolation_are_the_reconstructions(
    ensemble: Ensemble, two: tuple[SourceMidi, SourceMidi], linear: bool
) -> None:
    takes = interpolate_stepwise(ensemble, *two, steps=5, linear=linear)
    assert len(takes) == 5
    for arrangement, source_midi in ((takes[0], two[0]), (takes[-1], two[1])):
        assert arrangement.new.regrid(24).notes == reconstructed(ensemble, source_midi)
        assert arrangement.new.regrid(24).steps == pytest.approx(source_midi.song.steps, abs=12)
    assert takes[2].new.notes != takes[0].new.notes


def test_an_interpolation_begins_as_one_song_and_ends_as_the_other(
    ensemble: Ensemble, two: tuple[SourceMidi, SourceMidi]
) -> None:
    song = interpolate_songs(ensemble, *two, steps=4).new
    phrase = 16 * 24
    first, last = song.between(0, phrase), song.between(3 * phrase, 4 * phrase)
    ends = [(first, two[0], 0), (last, two[1], 3 * phrase)]
    if isinstance(ensemble, ArrangerBand):  # it writes the last phrase with those before it in mind
        ends.pop()
    for part, source_midi, begin in ends:
        real = reconstructed(ensemble, source_midi).between(begin, begin + phrase)
        assert np.array_equal(part.rolls() > 0, real.rolls(5, phrase) > 0)
    assert song.tempo[0][1] == pytest.approx(120)


def test_a_folder_gets_a_file_for_each_step(workspace: Workspace, tmp_path: Path) -> None:
    a, b = midi_file(tmp_path / "a.mid", beats=16), midi_file(tmp_path / "b.mid", beats=16, seed=9)
    made = interpolate.run(workspace, a, b, MusicOptions(), 3, False, [tmp_path / "way"], SilentWatch())
    assert [song.path.name for song in made] == ["song_1.mid", "song_2.mid", "song_3.mid"]
    assert all(song.path.is_file() for song in made)
    with pytest.raises(SettingInvalid, match="steps cannot be"):
        interpolate.run(workspace, a, b, MusicOptions(), 1, False, [tmp_path / "way"], SilentWatch())


@given(st.integers(0, 2**32), st.floats(0, 1))
def test_spherical_interpolation_is_no_shorter_than_its_ends(seed: int, t: float) -> None:
    chance = np.random.default_rng(seed)
    one, other = chance.standard_normal((2, 3, 2, 8), np.float32)
    one, other = (x / np.linalg.norm(x, axis=-1, keepdims=True) for x in (one, other))
    way = interpolate_latents(one, other, np.full(3, t, np.float32))
    assert np.linalg.norm(way, axis=-1) == pytest.approx(1, abs=1e-3)
    assert np.array_equal(interpolate_latents(one, other, np.zeros(3, np.float32)), one)
    assert np.array_equal(interpolate_latents(one, other, np.ones(3, np.float32)), other)
    assert interpolate_latents(one, one, np.full(3, t, np.float32)) == pytest.approx(one, abs=1e-6)


def test_an_average_of_one_song_is_its_reconstruction(ensemble: Ensemble, two: tuple[SourceMidi, SourceMidi]) -> None:
    assert average(ensemble, two[:1]).new.regrid(24).notes == reconstructed(ensemble, two[0])
    assert average(ensemble, two, (1, 0)).new.notes == average(ensemble, two[:1]).new.notes
    assert average(ensemble, two, (5, 5)).new.notes == average(ensemble, two).new.notes


@pytest.mark.parametrize("weights", [(1,), (1, 2, 3), (0, 0), (1, -1), (float("nan"), 1)])
def test_weights_must_fit_the_songs(
    ensemble: Ensemble, two: tuple[SourceMidi, SourceMidi], weights: tuple[float, ...]
) -> None:
    with pytest.raises(SettingInvalid, match="2 songs cannot have the weights") as caught:
        average(ensemble, two, weights)
    assert "--weights" in caught.value.hint


def test_a_blend_of_amount_zero_is_the_song_and_only_the_bars_given_change(
    ensemble: Ensemble, two: tuple[SourceMidi, SourceMidi], tmp_path: Path
) -> None:
    out = tmp_path / "out.mid"
    out.write_bytes(blend(ensemble, *two, amount=0).midi())
    old = set(notes_of(out))
    assert old == set(notes_of(tmp_path / "a.mid"))
    out.write_bytes(blend(ensemble, *two, amount=1, bars=(3, 4)).midi())
    changed = old ^ set(notes_of(out))
    assert changed
    assert all(7.9 <= note[3] < 16 for note in changed)


def test_each_instrument_moves_toward_its_own_latents_in_the_style() -> None:
    latents = np.zeros((1, 2, 3), np.float32)
    style = np.array([[[5, 0, 0], [1, 1, 1]], [[2, 0, 0], [9, 9, 9]]], np.float32)
    phrases = np.zeros((2, 2, 4, 128), np.uint8)
    phrases[:, 0, 0, 60] = 80  # the second instrument never plays in the style
    assert nearest_of_style(latents, style, phrases).tolist() == [[[2, 0, 0], [0, 0, 0]]]


def test_a_style_without_notes_is_an_error(
    ensemble: Ensemble, two: tuple[SourceMidi, SourceMidi], tmp_path: Path
) -> None:
    with pytest.raises(NothingFound, match="gives the style"):
        blend(ensemble, two[0], SourceMidi.read(melody_file(tmp_path / "none.mid", ())))
    with pytest.raises(SettingInvalid, match="amount"):
        blend(ensemble, *two, amount=1.5)


def test_a_reconstruction_has_a_cell_f1_for_each_instrument(
    ensemble: Ensemble, two: tuple[SourceMidi, SourceMidi]
) -> None:
    alike, arrangement = reconstruct(ensemble, two[0])
    assert [each.instrument for each in alike] == list(ensemble.band.names)
    rolls = arrangement.new.regrid(ensemble.steps_per_beat).rolls() > 0
    real = two[0].song.regrid(ensemble.steps_per_beat).notes.rolls(5, rolls.shape[1]) > 0
    by_hand = 2 * (rolls & real)[0].sum() / (rolls[0].sum() + real[0].sum())
    assert alike[0].f1 == pytest.approx(by_hand, abs=0.02)
    assert alike[3].cells == 0
