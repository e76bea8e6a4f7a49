"""Assigns songs to train, valid and test by a hash of the music's md5."""

import hashlib
from collections.abc import Sequence
from typing import Literal

Split = Literal["train", "valid", "test"]
SPLITS: tuple[Split, ...] = ("train", "valid", "test")
TRAIN_SHARE, VALID_SHARE = 0.8, 0.1


def split_songs(md5s: Sequence[str], seed: int) -> list[Split]:
    """The split of each song: about 80, 10 and 10 in a hundred, the same for a song whatever songs stand beside it.

    Only where a split would stay empty although there are songs enough, one song is moved there from the fullest.
    """
    places = [_place(md5, seed) for md5 in md5s]
    splits: list[Split] = [_split_at(place) for place in places]
    for enough, split in enumerate(SPLITS, 1):
        if split not in splits and len(splits) >= enough:
            fullest = max(SPLITS, key=lambda split: (splits.count(split), SPLITS.index(split)))
            moved = max((song for song in range(len(splits)) if splits[song] == fullest), key=places.__getitem__)
            splits[moved] = split
    return splits


def _split_at(place: float) -> Split:
    if place < TRAIN_SHARE:
        return "train"
    return "valid" if place < TRAIN_SHARE + VALID_SHARE else "test"


def _place(md5: str, seed: int) -> float:
    """A number in [0, 1) that only depends on the music and the seed."""
    digest = hashlib.sha256(f"{seed}:{md5}".encode(errors="surrogateescape")).digest()
    return int.from_bytes(digest[:8], "big") / 2**64
