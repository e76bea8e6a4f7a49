from dataclasses import replace

import numpy as np
import pytest

from pianoroll_vae.music.band import LPD5, LPD17
from pianoroll_vae.music.measures.excerpt import (
    UNDEFINED,
    Excerpts,
    Features,
    cut_excerpts,
    describe,
    feature_names,
    in_sixteenths,
)
from pianoroll_vae.music.notes import Notes
from pianoroll_vae.music.song import Song
from tests.music.measures.random_songs import random_song


def value(features: Features, name: str) -> float:
    return float(features.values[0, features.names.index(name)])


def one_note(step: int, length: int, steps: int = 128) -> Song:
    return Song(LPD5, Notes.tidy([2], [40], [step], [length], [90]), steps, 4)


def test_an_excerpt_of_a_band_of_five_has_eighty_two_features() -> None:
    names = feature_names(LPD5)
    assert len(names) == len(set(names)) == 82
    assert describe(cut_excerpts(random_song(0))).names == names


def test_any_band_can_be_described() -> None:
    assert len(feature_names(LPD17)) > 300


@pytest.mark.parametrize("notes_per_bar", [0, 1, 20])
def test_features_are_numbers_and_never_below_the_one_for_undefined(notes_per_bar: int) -> None:
    features = describe(cut_excerpts(random_song(1, bars=40, notes_per_bar=notes_per_bar)))
    assert features.values.shape == (5, 82)
    assert np.isfinite(features.values).all()
    assert ((features.values >= 0) | (features.values == UNDEFINED)).all()


def test_a_silent_instrument_has_empty_bars_and_nothing_else() -> None:
    features = describe(cut_excerpts(one_note(0, 4)))
    assert value(features, "piano empty bars") == 1
    assert value(features, "piano mean pitch") == UNDEFINED
    assert value(features, "bass empty bars") == 7 / 8
    assert value(features, "bass mean pitch") == 40


def test_the_primer_is_left_out_and_a_rest_of_a_song_too() -> None:
    song = random_song(2, bars=23)
    excerpts = cut_excerpts(song, skip_bars=4)
    assert len(excerpts) == 2
    assert np.array_equal(np.concatenate(list(excerpts.onsets), axis=1), song.onsets()[:, 64 : 64 + 256])
    assert np.array_equal(np.concatenate(list(excerpts.sounding), axis=1), song.rolls()[:, 64 : 64 + 256] > 0)


def test_a_note_held_over_an_edge_begins_once_and_keeps_its_whole_length() -> None:
    excerpts = cut_excerpts(one_note(120, 20, steps=256))
    assert excerpts.onset_counts.sum((1, 2)).tolist() == [1, 0]
    assert excerpts.sounding_counts.sum((1, 2)).tolist() == [8, 12]
    assert excerpts.beats[0, 2] == 5
    assert np.isnan(excerpts.beats[1, 2])
    assert cut_excerpts(one_note(120, 20, steps=256), skip_bars=8).onset_counts.sum() == 0


@pytest.mark.parametrize("steps_per_beat", [2, 3, 24])
def test_songs_of_every_grid_are_described_in_sixteenths(steps_per_beat: int) -> None:
    song = random_song(3, steps_per_beat=steps_per_beat)
    assert np.array_equal(describe(cut_excerpts(song)).values, describe(cut_excerpts(in_sixteenths(song))).values)
    odd = value(describe(cut_excerpts(song)), "guitar odd sixteenths")
    assert odd == 0 if steps_per_beat == 2 else odd > 0


def test_notes_begin_and_end_at_the_nearest_sixteenth_and_none_vanishes() -> None:
    notes = Notes.tidy([0] * 4, [60, 62, 64, 65], [0, 23, 5, 9], [24, 6, 1, 27], [90] * 4)
    song = in_sixteenths(Song(LPD5, notes, 400, 24, tempo=((0, 120.0), (49, 90.0)), meters=((0, 4, 4), (96, 3, 4))))
    assert song.notes.start.tolist() == [0, 4, 1, 2]
    assert song.notes.length.tolist() == [4, 1, 1, 4]
    assert (song.steps, song.tempo, song.meters) == (67, ((0, 120.0), (8, 90.0)), ((0, 4, 4), (16, 3, 4)))


def test_a_song_shorter_than_an_excerpt_has_none() -> None:
    assert len(describe(cut_excerpts(random_song(0, bars=7)))) == 0
    assert len(cut_excerpts(random_song(0, bars=8), skip_bars=20)) == 0


def test_of_an_endless_song_160_bars_are_described() -> None:
    assert len(cut_excerpts(random_song(0, bars=400, notes_per_bar=1))) == 20


def test_transposition_moves_pitches_and_nothing_else() -> None:
    song = random_song(4)
    drums = song.notes.instrument == 4
    higher = np.where(drums, song.notes.pitch, song.notes.pitch + 5).astype(np.uint8)
    moved = describe(cut_excerpts(replace(song, notes=replace(song.notes, pitch=higher))))
    here = describe(cut_excerpts(song))
    changed = {
        name
        for name, a, b in zip(here.names, here.values.T, moved.values.T, strict=True)
        if not np.allclose(a, b, 1e-4)
    }
    assert changed == {f"{name} mean pitch" for name in LPD5.names[:4]}


def test_an_excerpt_has_the_pitched_instruments() -> None:
    excerpts: Excerpts = cut_excerpts(random_song(0))
    assert (excerpts.pitched, excerpts.drums) == ([0, 1, 2, 3], [4])
