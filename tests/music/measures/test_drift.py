import numpy as np

from pianoroll_vae.music.band import LPD5
from pianoroll_vae.music.measures.drift import KeyDrift, drops_out, key_drift, plays_early
from pianoroll_vae.music.measures.excerpt import UNDEFINED
from pianoroll_vae.music.notes import Notes
from pianoroll_vae.music.song import Song


def song_with(*notes: tuple[int, int, int]) -> Song:
    """(instrument, start, length) in a song of 100 steps."""
    instrument, start, length = np.array(notes).T
    return Song(LPD5, Notes.tidy(instrument, np.full(len(notes), 60), start, length, np.full(len(notes), 80)), 100, 4)


def test_dropping_out_is_to_play_early_and_never_in_the_last_half() -> None:
    song = song_with((0, 0, 4), (1, 24, 4), (1, 49, 1), (2, 24, 27), (3, 25, 4), (4, 0, 4), (4, 99, 1))
    assert plays_early(song).tolist() == [True, True, True, False, True]
    assert drops_out(song).tolist() == [True, True, False, False, False]


def test_in_silence_no_instrument_drops_out() -> None:
    assert not drops_out(Song(LPD5, Notes.empty(), 100, 4)).any()


def test_the_key_drifts_from_the_first_excerpt_with_pitches_to_the_last() -> None:
    assert key_drift(np.array([UNDEFINED, 0.75, 0.5, 1.0, UNDEFINED])) == KeyDrift(0.75, 1.0)
    assert key_drift(np.array([UNDEFINED, 0.75])) is None
