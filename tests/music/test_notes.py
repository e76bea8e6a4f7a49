"""Notes and rolls say the same thing, and a coarser grid is pypianoroll's."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from pianoroll_vae.music.notes import Notes

INSTRUMENTS, STEPS = 2, 24
velocities = st.sampled_from([0, 0, 0, 1, 64, 127])
rolls_of_notes = arrays(np.uint8, (INSTRUMENTS, STEPS, 128), elements=velocities, fill=st.just(0))


@given(rolls=rolls_of_notes)
@settings(max_examples=60, deadline=None)
def test_any_rolls_survive_as_notes(rolls: NDArray[np.uint8]) -> None:
    assert np.array_equal(Notes.from_rolls(rolls).rolls(INSTRUMENTS, STEPS), rolls)


@given(rolls=rolls_of_notes, marks=arrays(np.bool_, (INSTRUMENTS, STEPS, 128), fill=st.just(False)))
@settings(max_examples=60, deadline=None)
def test_onsets_survive_as_notes(rolls: NDArray[np.uint8], marks: NDArray[np.bool_]) -> None:
    notes = Notes.from_rolls(rolls, marks)
    onsets = notes.onsets(INSTRUMENTS, STEPS)
    assert onsets[marks & (rolls > 0)].all()
    assert Notes.from_rolls(rolls, onsets) == notes


def test_a_repeated_note_stays_two_notes() -> None:
    rolls = np.zeros((1, 4, 128), np.uint8)
    rolls[0, :, 60] = 80
    onsets = np.zeros(rolls.shape, np.bool_)
    onsets[0, [0, 2], 60] = True
    notes = Notes.from_rolls(rolls, onsets)
    assert notes.start.tolist() == [0, 2]
    assert notes.length.tolist() == [2, 2]


def test_an_onset_cuts_the_note_that_still_sounds() -> None:
    notes = Notes.tidy([0, 0], [60, 60], [4, 0], [2, 99], [50, 70])
    assert notes.start.tolist() == [0, 4]
    assert notes.length.tolist() == [4, 2]
    assert notes.velocity.tolist() == [70, 50]


def test_of_two_onsets_at_one_step_the_last_given_stays() -> None:
    assert Notes.tidy([0, 0], [60, 60], [1, 1], [3, 2], [50, 70]).velocity.tolist() == [70]


def test_notes_that_cannot_sound_fall_away() -> None:
    assert len(Notes.tidy([0, 0, 0], [1, 2, 3], [-1, 0, 0], [2, 0, 2], [9, 9, 0])) == 0


def test_part_of_the_notes_is_cut_at_its_edges() -> None:
    part = Notes.tidy([0, 1], [60, 62], [2, 8], [4, 4], [90, 91]).between(4, 9)
    assert part.start.tolist() == [0, 4]
    assert part.length.tolist() == [2, 1]


def test_every_decoded_drum_cell_is_a_hit_and_a_wavering_chord_is_held() -> None:
    rolls = np.zeros((2, 6, 128), np.uint8)
    rolls[0, :, 60] = [80, 78, 81, 60, 95, 90]
    rolls[1, :, 42] = 100
    notes = Notes.from_performance(rolls, np.array([False, True]))
    assert notes[notes.instrument == 0].start.tolist() == [0, 4]
    assert notes[notes.instrument == 0].velocity.tolist() == [80, 95]
    assert notes[notes.instrument == 1].start.tolist() == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize("wanted", [2, 4, 6, 8, 12])
def test_a_coarser_grid_is_cell_by_cell_that_of_pypianoroll(wanted: int) -> None:
    import pypianoroll  # imports SciPy's statistics, which take a second, in each process that collects these tests

    rng = np.random.default_rng(wanted)
    fine = np.where(rng.random((480, 128)) < 0.9, 0, rng.integers(1, 128, (480, 128))).astype(np.uint8)
    fine = np.repeat(fine, 5, axis=0)
    multitrack = pypianoroll.Multitrack(resolution=24, tracks=[pypianoroll.StandardTrack(pianoroll=fine)])
    expected = multitrack.set_resolution(wanted).tracks[0].pianoroll
    ours = Notes.from_rolls(fine[None]).regrid(24, wanted).rolls(1, len(expected))
    assert np.array_equal(ours[0], expected)


@given(rolls=rolls_of_notes, finer=st.sampled_from([4, 6, 8, 12, 24]))
@settings(max_examples=40, deadline=None)
def test_a_finer_grid_and_back_loses_nothing(rolls: NDArray[np.uint8], finer: int) -> None:
    notes = Notes.from_rolls(rolls)
    assert len(notes.regrid(2, finer)) == len(notes)
    assert np.array_equal(notes.regrid(2, finer).start, notes.start * (finer // 2))


@given(rolls=rolls_of_notes, coarse=st.sampled_from([2, 3, 4, 6, 8, 12]))
@settings(max_examples=60, deadline=None)
def test_to_the_nearest_step_onsets_are_those_of_the_touched_steps_and_ends_never_later(
    rolls: NDArray[np.uint8], coarse: int
) -> None:
    notes = Notes.from_rolls(rolls)
    touched, nearest = notes.regrid(24, coarse), notes.regrid(24, coarse, "nearest")
    assert np.array_equal(nearest.start, touched.start)
    assert np.array_equal(nearest.velocity, touched.velocity)
    assert (nearest.end <= touched.end).all()
    assert (nearest.length >= 1).all()


def test_a_note_ends_at_the_nearest_step_or_has_every_step_it_touches() -> None:
    notes = Notes.tidy([0, 0, 0], [60, 62, 64], [0, 0, 11], [9, 10, 1], [80] * 3)
    assert notes.regrid(24, 4).length.tolist() == [2, 3, 1]
    assert notes.regrid(24, 4, "nearest").length.tolist() == [2, 2, 1]
    assert notes.regrid(24, 4, "nearest").start.tolist() == [0, 0, 2]


@given(rolls=rolls_of_notes, finer=st.sampled_from([4, 6, 8, 12, 24]))
@settings(max_examples=40, deadline=None)
def test_on_a_finer_grid_both_roundings_are_one(rolls: NDArray[np.uint8], finer: int) -> None:
    notes = Notes.from_rolls(rolls)
    assert notes.regrid(2, finer, "nearest") == notes.regrid(2, finer)
