"""Assigns songs to train, valid and test by a hash of the music's md5."""

import hashlib
from collections.abc import Sequence
from typing import Literal

Split = Literal["train", "valid", "test"]
SPLITS: tuple[Split, ...] = ("train", "valid", "test")
TRAIN_SHARE, VALID_SHARE = 0.8, 0.1

MIN_HELD_OUT = 5
"""Songs that valid and test have at least, of 50 songs or more: the two-sample test of an evaluation needs as many."""


def split_songs(md5s: Sequence[str], seed: int) -> list[Split]:
    """The split of each song: about 80, 10 and 10 in a hundred, the same for a song whatever songs stand beside it.

    A small collection has a floor: a tenth of its songs in each of valid and test, at least one and at most
    `MIN_HELD_OUT`. Below it, songs are moved there from the fullest split. A hundred songs rarely need this.
    """
    places = [_place(md5, seed) for md5 in md5s]
    splits: list[Split] = [_split_at(place) for place in places]
    floor = max(1, min(MIN_HELD_OUT, len(splits) // 10))
    for enough, split in enumerate(SPLITS, 1):
        while splits.count(split) < floor and len(splits) >= enough:
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
