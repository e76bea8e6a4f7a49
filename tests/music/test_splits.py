"""Music is held out by its md5, the same music always on the same side."""

import hashlib

import pytest

from pianoroll_vae.music.splits import MIN_HELD_OUT, SPLITS, split_songs

MD5S = [hashlib.md5(str(number).encode()).hexdigest() for number in range(5000)]


def test_shares_are_about_80_10_10() -> None:
    splits = split_songs(MD5S, 0)
    assert [round(splits.count(split) / len(splits), 1) for split in SPLITS] == [0.8, 0.1, 0.1]


def test_a_song_stays_where_it_is_when_others_come_and_go() -> None:
    whole = dict(zip(MD5S, split_songs(MD5S, 0), strict=True))
    part = dict(zip(MD5S[1000:3000], split_songs(MD5S[1000:3000], 0), strict=True))
    assert all(whole[md5] == split for md5, split in part.items())


def test_another_seed_splits_otherwise() -> None:
    assert split_songs(MD5S, 0) != split_songs(MD5S, 1)


@pytest.mark.parametrize("start", range(0, 200, 10))
@pytest.mark.parametrize("songs", [1, 2, 3, 4, 7])
def test_no_split_stays_empty_where_there_are_songs_enough(songs: int, start: int) -> None:
    splits = split_songs(MD5S[start : start + songs], 0)
    assert {split for split in SPLITS if split in splits} >= set(SPLITS[:songs])


@pytest.mark.parametrize("songs", [20, 50, 80, 200])
def test_a_small_collection_has_a_tenth_or_five_songs_in_each_held_out_split(songs: int) -> None:
    for seed in range(50):
        splits = split_songs(MD5S[:songs], seed)
        assert min(splits.count(split) for split in SPLITS) >= min(MIN_HELD_OUT, songs // 10)


def test_no_songs_have_no_splits() -> None:
    assert split_songs([], 0) == []
