"""A bank of segments paints exactly what the songs' rolls hold, and nothing across songs."""

import numpy as np
import pytest

from pianoroll_vae.music.band import LPD5
from pianoroll_vae.music.notes import Notes
from pianoroll_vae.music.segments import NoteColumns, SegmentBank, build_bank
from pianoroll_vae.music.song import Song

STEPS = 32


def song(seed: int, steps: int, instruments: int = 5) -> Song:
    random = np.random.default_rng(seed)
    count = steps * 2
    notes = Notes.tidy(
        random.integers(0, instruments, count),
        random.integers(0, 128, count),
        random.integers(0, steps, count),
        random.integers(1, 90, count),
        random.integers(1, 128, count),
    )
    return Song(LPD5, notes, max(steps, int(notes.end.max(initial=0))), 2)


def bank_of(songs: list[Song], parts: int = 1) -> SegmentBank:
    def columns(indices: range) -> NoteColumns:
        notes = [songs[i].notes for i in indices]
        row, start, length = (
            np.concatenate([getattr(n, name) for n in notes]).astype(np.int64) for name in ("row", "start", "length")
        )
        return NoteColumns(
            np.array(indices, np.int32),
            np.array([songs[i].steps for i in indices]),
            np.array([len(n) for n in notes]),
            row,
            start,
            length,
            np.concatenate([n.velocity for n in notes]),
        )

    per_part = -(-len(songs) // parts)
    starts = range(0, len(songs), per_part)
    return build_bank((columns(range(s, min(s + per_part, len(songs)))) for s in starts), 5, STEPS)


SONGS = [song(1, 200), song(2, 31), song(3, 64), song(4, 333), song(5, 3)]


@pytest.mark.parametrize("parts", [1, 2, 5])
def test_every_whole_segment_is_painted_as_in_the_songs_roll(parts: int) -> None:
    bank = bank_of(SONGS, parts)
    painted = bank.batch(np.arange(len(bank)))
    expected = [one.rolls()[:, at * STEPS : (at + 1) * STEPS] for one in SONGS for at in range(one.steps // STEPS)]
    assert np.array_equal(painted, np.stack(expected))
    assert bank.song_of.tolist() == [i for i, one in enumerate(SONGS) for _ in range(one.steps // STEPS)]
    assert bank.position.tolist() == [at for one in SONGS for at in range(one.steps // STEPS)]


def test_a_batch_has_the_segments_asked_for_in_the_order_asked_for() -> None:
    bank = bank_of(SONGS)
    ids = np.random.default_rng(0).integers(0, len(bank), 50)
    everything = bank.batch(np.arange(len(bank)))
    assert np.array_equal(bank.batch(ids), everything[ids])
    for instrument in range(5):
        assert np.array_equal(bank.batch(ids, instrument), everything[ids, instrument])
    assert bank.batch([]).shape == (0, 5, STEPS, 128)


def test_sounding_and_following_segments_are_found_without_painting() -> None:
    bank = bank_of(SONGS)
    assert np.array_equal(bank.sounding, bank.batch(np.arange(len(bank))).any(axis=(2, 3)))
    follows = [i + 1 < len(bank) and bank.song_of[i] == bank.song_of[i + 1] for i in range(len(bank))]
    assert bank.has_next.tolist() == follows


def test_songs_without_a_whole_segment_give_an_empty_bank() -> None:
    short = Song(LPD5, Notes.tidy([0], [60], [3], [9], [80]), STEPS - 1, 2)
    for bank in (bank_of([short]), build_bank([], 5, STEPS)):
        assert len(bank) == 0
        assert bank.batch([]).shape == (0, 5, STEPS, 128)
        assert len(bank.has_next) == 0


def test_an_instrument_that_never_plays_is_silence() -> None:
    bank = bank_of([song(1, 100, instruments=3)])
    assert not bank.batch(np.arange(len(bank)))[:, 3:].any()
    assert not bank.sounding[:, 3:].any()
