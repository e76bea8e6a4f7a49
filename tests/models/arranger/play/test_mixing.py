"""Mixed songs begin as the one and end as the other, and rest where both do."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from pianoroll_vae.models.arranger.play.bar_vae import BarVae
from pianoroll_vae.models.arranger.play.latent_song import LatentSong, decode_song
from pianoroll_vae.models.arranger.play.mixing import blend_latents, mix_latents, mix_songs, nearest_phrases
from pianoroll_vae.music.bars import Bars
from pianoroll_vae.music.key import transpose_pitches
from tests.small_arranger import DRUMS, loops


def reconstructed(vae: BarVae, song: Bars) -> Bars:
    own = LatentSong.encode(vae, song, DRUMS)
    return decode_song(vae, own.latents, own.plays, np.full(len(song), own.semitones), DRUMS)


def away_from_c(vae: BarVae, song: Bars, semitones: int) -> Bars:
    """Transposed, so that it is so many semitones away from C major or A minor."""
    shift = semitones + LatentSong.encode(vae, song, DRUMS).semitones
    notes, pitched = song.notes.copy(), ~DRUMS[np.repeat(np.arange(len(song.source)), np.diff(song.first)) % 5]
    notes[pitched, 1] = transpose_pitches(notes[pitched, 1].astype(np.int64), shift)
    return replace(song, notes=notes)


def test_with_all_the_weight_a_song_is_its_reconstruction(vae: BarVae) -> None:
    songs = [loops(8, seed=1), loops(12, seed=2)]
    for own, song in enumerate(songs):
        phrases = np.tile(np.arange(len(song) // 4), (2, 1))
        weights = np.zeros(phrases.shape)
        weights[own] = 1
        mixed = mix_songs(vae, songs, phrases, weights, DRUMS)
        assert np.array_equal(mixed.notes, reconstructed(vae, song).notes)


def test_between_songs_in_one_key_no_note_comes_back(vae: BarVae) -> None:
    songs, phrases = [loops(8, seed=1), loops(8, seed=2)], np.tile(np.arange(2), (2, 1))
    path = []
    for t in np.linspace(0, 1, 9):
        mixed = mix_songs(vae, songs, phrases, np.array([[1 - t] * 2, [t] * 2]), DRUMS, keep_keys=True)
        cell = np.repeat(np.arange(len(mixed.source)), np.diff(mixed.first)).tolist()
        path.append(set(zip(cell, *mixed.notes[:, :2].T.tolist(), strict=True)))
    for before, after in pairwise(path):
        assert not (after - before) & path[0]
        assert not (before - after) & path[-1]


def test_songs_in_different_keys_are_mixed_in_their_registers(vae: BarVae) -> None:
    songs = [away_from_c(vae, loops(8, seed=seed), semitones) for seed, semitones in ((1, -5), (2, 6))]
    assert [LatentSong.encode(vae, song, DRUMS).semitones for song in songs] == [5, -6]
    phrases, weights = np.tile(np.arange(2), (2, 1)), np.array([[0.6, 0.6], [0.4, 0.4]])
    mixed = mix_songs(vae, songs, phrases, weights, DRUMS)
    own, other = ({tuple(note[:2]) for note in reconstructed(vae, song).notes.astype(int)} for song in songs)
    found = {tuple(note[:2]) for note in mixed.notes.astype(int)}
    assert found <= own | other | {(step, pitch + 1) for step, pitch in other}


def test_instruments_that_rest_in_all_songs_rest_and_the_others_enter_one_after_the_other(vae: BarVae) -> None:
    songs = [loops(4, seed=1, silent=(0, 1, 2, 3)), loops(4, seed=2, silent=(3,))]
    entered = []
    for weight in (0.2, 0.4, 0.6, 0.8):
        mixed = mix_songs(vae, songs, np.zeros((2, 1), np.int64), np.array([[1 - weight], [weight]]), DRUMS)
        entered.append(set(np.flatnonzero((np.diff(mixed.first).reshape(4, 5) > 0).any(0)).tolist()) - {4})
    assert entered[0] == set()
    assert entered[-1] == {0, 1, 2}
    assert all(before <= after for before, after in pairwise(entered))


def test_interpolated_latents_are_their_ends_and_the_mean_of_three_keeps_the_norm() -> None:
    latents = np.random.default_rng(0).standard_normal((3, 2, 1, 8)).astype(np.float32)
    for own in range(2):
        weights = np.zeros((2, 2, 1))
        weights[own] = 1
        assert np.array_equal(mix_latents(latents[:2], weights, False), latents[own])
    norms = np.linalg.norm(latents, axis=-1)
    mean = mix_latents(latents, np.full((3, 2, 1), 1 / 3), False)
    assert np.linalg.norm(mean, axis=-1) == pytest.approx(norms.mean(0), rel=1e-5)
    assert np.allclose(mix_latents(latents, np.full((3, 2, 1), 1 / 3), True), latents.mean(0), atol=1e-6)


def test_a_blend_takes_the_nearest_phrases_and_keeps_what_the_style_has_not(vae: BarVae) -> None:
    song, style = loops(8, seed=1), loops(12, seed=2, silent=(2,))
    one, other = (LatentSong.encode(vae, each, DRUMS) for each in (song, style))
    assert nearest_phrases(other, other).tolist() == [0, 1, 2]
    nothing_repeats = np.where(one.plays, np.arange(8)[:, None], -1).astype(np.int64)
    whole, _ = blend_latents(vae, one, other, 1.0, nothing_repeats)
    assert np.array_equal(whole.latents[:, 2], one.latents[:, 2])
    nearest = nearest_phrases(one, other)
    bars = (nearest[:, None] * 4 + np.arange(4)).ravel()
    assert np.array_equal(whole.plays[:, [0, 1, 3, 4]], other.plays[bars][:, [0, 1, 3, 4]])
    none, _ = blend_latents(vae, one, other, 0.0, nothing_repeats)
    assert np.array_equal(none.latents[none.plays], one.latents[one.plays])


def test_a_phrase_of_hardly_a_note_is_not_the_nearest_of_all() -> None:
    """The bars of the song are farther from those of the style than `REST_DISTANCE`."""
    rng = np.random.default_rng(1)
    plays = np.ones((12, 5), np.bool_)
    plays[4:8, 1:] = plays[8:, 4] = False
    style, song = (LatentSong(s * rng.standard_normal((12, 5, 8)).astype(np.float32), plays, 0) for s in (1, 3))
    assert nearest_phrases(song, style)[0] == 0
    assert nearest_phrases(song, style)[2] in (0, 2)


def test_what_a_song_repeats_stays_repeated_in_a_blend(vae: BarVae) -> None:
    song, style = loops(16, seed=1, kinds=2), loops(12, seed=2)
    one, other = (LatentSong.encode(vae, each, DRUMS) for each in (song, style))
    source = song.source.reshape(16, 5).astype(np.int64)
    blended, _ = blend_latents(vae, one, other, 1.0, source)
    for bar, instrument in np.argwhere(source >= 0):
        first = source[bar, instrument]
        assert blended.plays[bar, instrument] == blended.plays[first, instrument]
        assert np.array_equal(blended.latents[bar, instrument], blended.latents[first, instrument])
