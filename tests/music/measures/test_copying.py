from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from pianoroll_vae.music.band import LPD5
from pianoroll_vae.music.measures.copying import PhraseIndex, phrases_of
from pianoroll_vae.music.notes import Notes
from pianoroll_vae.music.song import Song
from tests.music.measures.random_songs import random_song

PIANO, DRUMS = 0, 4


def moved(song: Song, semitones: int) -> Song:
    return replace(song, notes=replace(song.notes, pitch=(song.notes.pitch + np.int64(semitones)).astype(np.uint8)))


def without(song: Song, instrument: int, gone: Sequence[int]) -> Song:
    """The song without some of the notes of an instrument."""
    mine = np.flatnonzero(song.notes.instrument == instrument)
    left = np.ones(len(song.notes), bool)
    left[mine[list(gone)]] = False
    return replace(song, notes=song.notes[left])


def cells(song: Song, instrument: int, bar: int) -> set[tuple[int, int]]:
    begins = song.onsets()[instrument, 16 * bar : 16 * (bar + 4)]
    return {(int(step), int(pitch)) for step, pitch in zip(*np.nonzero(begins), strict=True)}


def hung(phrase: set[tuple[int, int]], instrument: int) -> list[set[tuple[int, int]]]:
    if instrument == DRUMS:
        return [phrase]
    low, high = min(pitch for _, pitch in phrase), max(pitch for _, pitch in phrase)
    return [{(step, pitch - low) for step, pitch in phrase}, {(step, pitch - high) for step, pitch in phrase}]


def known_by_sets(songs: list[Song], known: list[Song], instrument: int) -> list[bool]:
    """What the book must find, by comparing every phrase with every other."""
    index = [cells(song, instrument, bar) for song in known for bar in range(song.steps // 16 - 3)]
    found = []
    for song in songs:
        for bar in range(0, song.steps // 16 - 3, 4):
            sought = cells(song, instrument, bar)
            if sought:
                pairs = (
                    zip(hung(sought, instrument), hung(other, instrument), strict=True) for other in index if other
                )
                found.append(any(len(a & b) / len(a | b) > 0.9 for pair in pairs for a, b in pair))
    return found


def test_a_songs_own_phrases_are_all_known_in_every_key() -> None:
    song = random_song(0)
    index = PhraseIndex([song], PIANO)
    assert (
        index.copied_share([song])
        == index.copied_share([moved(song, 7)])
        == index.copied_share([moved(song, -12)])
        == 1
    )


def test_drums_are_not_moved() -> None:
    song = random_song(0)
    index = PhraseIndex([song], DRUMS)
    assert index.copied_share([song]) == 1
    assert index.copied_share([moved(song, 1)]) == 0


def test_a_copy_that_begins_at_another_bar_is_known() -> None:
    song = random_song(1)
    assert PhraseIndex([song], PIANO).copied_share([song.between(16 * 3, song.steps)]) == 1


def test_phrases_of_other_songs_are_not_found() -> None:
    assert PhraseIndex([random_song(1), random_song(2)], PIANO).copied_share([random_song(3)]) == 0


@pytest.mark.parametrize("instrument", [PIANO, DRUMS])
@pytest.mark.parametrize("seed", range(6))
def test_the_index_finds_exactly_what_comparing_all_pairs_finds(seed: int, instrument: int) -> None:
    rng = np.random.default_rng(seed)
    song = random_song(seed, bars=24, notes_per_bar=4)
    count = int((song.notes.instrument == instrument).sum())
    gone = rng.choice(count, size=count // 12, replace=False)
    sought = [without(song, instrument, gone.tolist()), random_song(seed + 100, bars=8)]
    known = [song, random_song(seed + 50, bars=12)]
    expected = known_by_sets(sought, known, instrument)
    assert 0 < sum(expected) < len(expected)
    assert PhraseIndex(known, instrument).find_copied(sought).tolist() == expected


def test_nine_notes_in_ten_are_not_nearly_equal_but_ten_in_eleven_are() -> None:
    def song(notes: int) -> Song:
        steps = np.arange(notes)
        columns = np.zeros(notes), 60 + steps % 3, 2 * steps, np.ones(notes), np.full(notes, 90)
        return Song(LPD5, Notes.tidy(*columns), 64, 4)

    assert PhraseIndex([song(10)], PIANO).copied_share([song(9)]) == 0
    assert PhraseIndex([song(11)], PIANO).copied_share([song(10)]) == 1


def test_silence_is_no_phrase() -> None:
    silent = Song(LPD5, Notes.empty(), 64 * 4, 4)
    assert len(phrases_of([silent], PIANO, 4)) == 0
    assert PhraseIndex([silent], PIANO).copied_share([random_song(0)]) == 0
    assert PhraseIndex([random_song(0)], PIANO).copied_share([silent]) is None
    assert PhraseIndex([], PIANO).copied_share([random_song(0)]) == 0
