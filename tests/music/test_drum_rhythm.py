"""Hits are taken apart into the places that are meant and what lies beside them."""

import numpy as np
import pytest

from pianoroll_vae.music.band import LPD5
from pianoroll_vae.music.drum_kit import DRUM_NAMES, DRUM_OF_KEY, OTHER, USUAL_KEYS
from pianoroll_vae.music.drum_rhythm import Rhythm, find_rhythm, grid_offsets, played_rhythm
from pianoroll_vae.music.notes import Notes
from pianoroll_vae.music.song import Song

SNARE = 38


def song(steps: int = 192, meter: tuple[int, int] = (4, 4)) -> Song:
    return Song(LPD5, Notes.empty(), steps, 24, meters=((0, *meter),))


def rhythm(*starts: float, triplets: bool = True, meter: tuple[int, int] = (4, 4)) -> Rhythm:
    return find_rhythm(song(meter=meter), np.full(len(starts), SNARE), np.array(starts, float), triplets)


def test_every_key_is_a_kind_of_drum_and_the_usual_keys_are_of_their_own_kind() -> None:
    assert DRUM_OF_KEY.shape == (128,)
    assert DRUM_NAMES[DRUM_OF_KEY[36]] == "kick"
    assert DRUM_OF_KEY[82] == OTHER
    assert DRUM_OF_KEY[list(USUAL_KEYS)].tolist() == list(range(OTHER))


def test_a_hit_beside_a_sixteenth_is_meant_there() -> None:
    found = rhythm(0, 7, 11, 19, 94.5)
    assert found.place.tolist() == [0, 6, 12, 18, 96]
    assert found.offset.tolist() == [0, 1, -1, 1, -1.5]
    assert found.slot.tolist() == [0, 1, 2, 3, 16]


def test_a_beat_of_triplets_stays_one_and_its_neighbours_do_not_become_one() -> None:
    found = rhythm(0, 8, 16, 24, 30, 36, 42, 49, 56, 63)
    assert found.triplets[:3].tolist() == [True, False, True]
    assert found.place.tolist() == [0, 8, 16, 24, 30, 36, 42, 48, 56, 64]
    assert found.slot.tolist() == [0, 1, 3, 4, 5, 6, 7, 8, 9, 11]
    assert rhythm(0, 8, 16, triplets=False).place.tolist() == [0, 6, 18]


def test_a_roll_and_a_flam_keep_their_distances() -> None:
    roll = rhythm(0, 3, 6, 9, 12)
    assert (roll.place + roll.offset).tolist() == [0, 3, 6, 9, 12]
    assert np.diff(roll.place).tolist() == [3, 3, 3, 3]
    flam = rhythm(23, 25)
    assert flam.leads.tolist() == [True, False]
    assert flam.place.tolist() == [24, 26]


@pytest.mark.parametrize(("meter", "bars"), [((4, 4), [0, 0, 1]), ((3, 4), [0, 1, 1]), ((7, 8), [0, 0, 1])])
def test_slots_have_the_number_of_their_bar(meter: tuple[int, int], bars: list[int]) -> None:
    found = rhythm(0, meter=meter)
    assert found.bar[[0, 12, 17]].tolist() == bars
    assert found.place_in_bar[found.bar == 1][0] == 0


def test_a_song_that_drifts_as_a_whole_has_its_own_grid() -> None:
    beats = np.arange(40)
    start = beats * 24 - (beats >= 20)
    assert grid_offsets(start[:20].astype(np.int32)).tolist() == [0] * 20
    drifted = grid_offsets(start.astype(np.int32))
    assert set(drifted[:10].tolist()) == {0}
    assert set(drifted[-9:].tolist()) == {-1}


def test_drum_offsets_are_measured_against_the_band() -> None:
    steps = np.arange(0, 960, 12)
    start = np.concatenate([steps + 2, steps + 2, steps + 3])
    instrument, pitch = np.repeat([[0, 2, 4], [60, 40, SNARE]], len(steps), axis=1)
    notes = Notes.tidy(instrument, pitch, start, np.full(len(start), 2), np.full(len(start), 80))
    late = played_rhythm(Song(LPD5, notes, 968, 24), 4, with_triplets=False)
    assert set(late.offset.tolist()) == {1.0}
    assert (late.place % 12 == 0).all()


def test_no_hits_are_no_rhythm() -> None:
    assert len(rhythm()) == 0
