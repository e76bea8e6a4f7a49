"""Mixed bars have a share of the notes of each song, and hold the notes that songs have in common."""

from itertools import pairwise

import numpy as np
import pytest

from pianoroll_vae.models.arranger.parameters import CELLS
from pianoroll_vae.models.arranger.play.bar_vae import BarVae
from pianoroll_vae.models.arranger.play.mixed_bars import (
    MixedBars,
    choose_shares,
    decode_mixed_bars,
    find_decoded_cells,
    hold_common_tones,
    move_cells,
)
from pianoroll_vae.music.notes import PITCHES
from tests.small_arranger import SMALL_ARRANGER

SIZES = SMALL_ARRANGER.bar_vae
ROWS = 6
INSTRUMENT = np.arange(ROWS) % 5


@pytest.fixture(scope="module")
def ends() -> np.ndarray:
    return np.random.default_rng(0).standard_normal((2, ROWS, SIZES.latent_size), np.float32)


def mixed(
    vae: BarVae, ends: np.ndarray, weight: float, semitones: int = 0, octave: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """In the key of the song with the larger weight; weight: of the first; octave: by which the other is moved."""
    weights = np.tile([[weight], [1 - weight]], ROWS)
    key_song = np.full(ROWS, weights[:, 0].argmax())
    shifts = np.array([0, semitones]) - np.array([0, semitones])[key_song[0]]
    octaves = octave * (np.arange(2)[:, None] != key_song)
    bars = MixedBars(ends, weights, ends.mean(0), key_song, shifts[:, None] + octaves, octaves)
    return decode_mixed_bars(vae, (ends * weights[..., None]).sum(0).astype(np.float32), bars, INSTRUMENT)


def cells(notes: np.ndarray, bar: np.ndarray) -> set[int]:
    return set((bar * CELLS + notes[:, 0] * PITCHES + notes[:, 1]).tolist())


def test_cells_are_chosen_by_the_weight_of_the_songs_that_have_them() -> None:
    order = np.arange(CELLS, dtype=np.float32)[None]
    sounding = np.zeros((2, 1, CELLS), np.bool_)
    sounding[0, 0, :8], sounding[:, 0, 8:10], sounding[1, 0, 10:14] = True, True, True
    chosen = choose_shares(order, sounding, np.array([[0.25], [0.75]]))
    assert np.flatnonzero(chosen[0]).tolist() == [6, 7, 8, 9, 11, 12, 13]


def test_a_mixture_is_its_end_where_that_has_all_the_weight_and_has_the_mean_number_of_notes(
    vae: BarVae, ends: np.ndarray
) -> None:
    for weight, end in zip((1.0, 0.0), ends, strict=True):
        notes, bar = mixed(vae, ends, weight, semitones=3)
        alone, alone_bar = vae.decode(end, INSTRUMENT)
        assert np.array_equal(notes, alone)
        assert np.array_equal(bar, alone_bar)
    _, bar = mixed(vae, ends, 0.5)
    counts = [np.bincount(vae.decode(end, INSTRUMENT)[1], minlength=ROWS) for end in ends]
    assert np.abs(np.bincount(bar, minlength=ROWS) - (counts[0] + counts[1]) / 2).max() <= 1.5, (
        "three shares are rounded"
    )


def test_along_a_path_no_note_comes_back_and_none_leaves_that_has_come(vae: BarVae, ends: np.ndarray) -> None:
    path = [cells(*mixed(vae, ends, 1 - t)) for t in np.linspace(0, 1, 9)]
    assert path[0] - path[-1]
    assert path[-1] - path[0]
    for before, after in pairwise(path):
        assert not (after - before) & path[0]
        assert not (before - after) & path[-1]


def test_a_note_that_another_song_has_in_its_own_key_is_held_and_not_played_transposed() -> None:
    sounding = np.zeros((2, 2, CELLS), np.bool_)
    sounding[0, :, [60, 64]] = True
    sounding[1, :, [63, 70]] = True
    held = hold_common_tones(sounding, np.array([0, 0]), np.array([[0, 0], [3, 0]]))
    assert [np.flatnonzero(row).tolist() for row in held[:, 0]] == [[60, 64], [60, 70]]
    assert np.array_equal(held[:, 1], sounding[:, 1]), "in one key nothing is moved"
    held = hold_common_tones(sounding, np.array([1, 1]), np.array([[-3, 0], [0, 0]]))
    assert [np.flatnonzero(row).tolist() for row in held[:, 0]] == [[63, 64], [63, 70]]


def test_a_song_that_is_moved_by_an_octave_has_the_lengths_and_velocities_that_it_is_decoded_with(
    vae: BarVae, ends: np.ndarray
) -> None:
    alike = np.stack([ends[0], ends[0]])
    notes, bar = mixed(vae, alike, 0.5, semitones=-12, octave=12)
    whole, whole_bar = vae.decode(ends[0], INSTRUMENT)
    own = {(row, *note[:2]): tuple(note[2:]) for row, note in zip(whole_bar.tolist(), whole.tolist(), strict=True)}
    higher = 0
    for row, (step, pitch, *classes) in zip(bar.tolist(), notes.tolist(), strict=True):
        decoded = pitch if (row, step, pitch) in own else pitch - 12
        assert own[row, step, decoded] == tuple(classes)
        higher += decoded != pitch
    assert 0 < higher < len(notes)


def test_moved_cells_are_followed_back_to_those_that_were_decoded() -> None:
    sounding = np.zeros((2, 1, CELLS), np.bool_)
    sounding[0, 0, [60, 72]], sounding[1, 0, [60, 64, 120]] = True, True
    octaves = np.array([[0], [12]])
    moved = np.stack([move_cells(*each) for each in zip(sounding, octaves, strict=True)])
    assert np.flatnonzero(moved[1, 0]).tolist() == [72, 76], "what leaves the keyboard is lost"
    decoded = find_decoded_cells(moved, octaves)[0]
    assert decoded[[60, 72, 76, 100]].tolist() == [60, 72, 64, 100]


def test_common_tones_do_not_go_round_the_keyboard() -> None:
    sounding = np.zeros((2, 1, CELLS), np.bool_)
    sounding[0, 0, 126], sounding[1, 0, PITCHES + 1] = True, True
    assert np.array_equal(hold_common_tones(sounding, np.array([0]), np.array([[0], [3]])), sounding)
