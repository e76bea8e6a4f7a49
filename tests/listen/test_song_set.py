from dataclasses import replace

import numpy as np
import pytest

from pianoroll_vae.listen.song_set import SongSet, measure, swap_instruments
from pianoroll_vae.music.measures.coherence import coherence
from pianoroll_vae.music.measures.copying import PhraseIndex
from pianoroll_vae.music.song import Song
from pianoroll_vae.progress import SilentWatch
from tests.music.measures.random_songs import random_song


def measured(*songs: Song, skip_bars: int = 0) -> SongSet:
    with SilentWatch().task("", None, "") as task:
        return measure("some", songs, skip_bars, task)


def without_notes_after(song: Song, instrument: int, step: int) -> Song:
    """The song without those notes of the instrument that end after a step."""
    stays = (song.notes.instrument != instrument) | (song.notes.end <= step)
    return replace(song, notes=song.notes[stays])


def test_songs_shorter_than_an_excerpt_are_left_out() -> None:
    songs = measured(random_song(0, bars=12), random_song(1, bars=11), skip_bars=4)
    assert (len(songs), songs.songs[0].name) == (1, "chance 0")
    assert songs.excerpts.shape == (1, 82)


def test_drop_out_is_a_share_of_the_songs_in_which_the_instrument_plays_early() -> None:
    songs = [
        without_notes_after(random_song(0), 1, 100),
        random_song(1),
        without_notes_after(random_song(2), 1, 0),
    ]
    shares = measured(*songs).drop_out()
    assert shares == {"piano": 0, "guitar": 0.5, "bass": 0, "strings": 0, "drums": 0}
    assert measured(songs[2]).drop_out()["guitar"] is None


def test_a_mean_figure_leaves_out_songs_in_which_it_is_undefined() -> None:
    silent_bass = without_notes_after(random_song(0), 2, step=0)
    both, one = measured(silent_bass, random_song(1)), measured(random_song(1))
    assert both.mean_figures()["bass pitch classes a bar"] == one.mean_figures()["bass pitch classes a bar"]
    assert measured(silent_bass).mean_figures()["bass pitch classes a bar"] is None


def test_harmony_and_form_are_means_over_the_songs_in_which_they_are_defined() -> None:
    silent_bass = without_notes_after(random_song(0), 2, step=0)
    both, one = measured(silent_bass, random_song(1)).mean_coherence(), measured(random_song(1)).mean_coherence()
    assert both["bass on the root of the others"] == one["bass on the root of the others"]
    triads = [coherence(song)["triads in 16 bars"] for song in (silent_bass, random_song(1))]
    assert both["triads in 16 bars"] == pytest.approx(np.mean(triads))


def test_harmony_and_form_leave_out_the_skipped_bars_and_are_measured_in_sixteenths() -> None:
    own, primer = random_song(0), random_song(1, bars=4)
    notes = type(own.notes).concatenate([primer.notes, own.notes.shifted(64)])
    song = replace(own, notes=notes, steps=own.steps + 64).regrid(24)
    assert measured(song, skip_bars=4).coherence[0] == pytest.approx(coherence(own), nan_ok=True)


def test_the_key_drift_is_the_mean_over_the_songs() -> None:
    drifts = [measured(random_song(seed)).mean_drift() for seed in range(2)]
    both = measured(random_song(0), random_song(1)).mean_drift()
    assert both is not None
    assert both.first == pytest.approx(np.mean([drift.first for drift in drifts if drift]))
    assert measured(random_song(0, notes_per_bar=0)).mean_drift() is None


def test_skipped_bars_are_not_counted_as_copied() -> None:
    own, foreign = random_song(0, bars=12), random_song(1, bars=4)
    notes = type(own.notes).concatenate([foreign.notes, own.notes.shifted(64)])
    song = replace(own, notes=notes, steps=own.steps + 64)
    index = PhraseIndex([foreign], 0)
    assert measured(song).copied_share(index) == pytest.approx(1 / 4)
    assert measured(song, skip_bars=4).copied_share(index) == 0


def test_swapped_songs_take_each_instrument_from_another_song() -> None:
    songs = [random_song(seed, bars=10 + seed) for seed in range(6)]
    swapped = swap_instruments(songs)
    assert [song.steps for song in swapped] == [160, 176, 160, 160, 160, 160]
    for number, song in enumerate(swapped):
        for instrument in range(5):
            source = songs[(number + instrument) % 6].between(0, song.steps)
            assert np.array_equal(song.rolls()[instrument], source.rolls()[instrument])
