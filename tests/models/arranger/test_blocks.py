"""Blocks return to the block that is most like them, where their roots agree."""

import numpy as np
import pytest

from pianoroll_vae.models.arranger.blocks import BLOCK_BARS, MAX_RETURN, read_blocks
from pianoroll_vae.music.bars import NOTE_COLUMNS, Bars
from pianoroll_vae.music.chord_labels import NO_CHORD, QUALITIES, Labels

MAJOR, MINOR = 0, 1
INSTRUMENTS = 2


def chords_of(patterns: str) -> Labels:
    """(bars, 2): a letter a block, its bars have roots that no other letter's have."""
    blocks = [
        [[(ord(letter) - 65) * len(QUALITIES) + MAJOR] * 2 for _ in range(BLOCK_BARS)] for letter in patterns.upper()
    ]
    return np.array(blocks, np.int64).reshape(-1, 2)


def bars_of(pitches: list[list[int]]) -> Bars:
    """One bar for each row, in which each of two instruments plays its pitch; 0: it rests."""
    rest = np.zeros((0, NOTE_COLUMNS), np.uint8)
    cells = [np.array([[0, pitch, 0, 5]], np.uint8) if pitch else rest for row in pitches for pitch in row]
    return Bars.from_cells(cells, INSTRUMENTS)


def silence(bars: int) -> Bars:
    return bars_of([[0, 0]] * bars)


@pytest.mark.parametrize(
    ("patterns", "form"),
    [("ABC", [0, 0, 0]), ("AABA", [0, 1, 0, 2]), ("ABAB", [0, 0, 2, 2]), ("ABCA", [0, 0, 0, 3]), ("", [])],
)
def test_a_block_returns_to_the_latest_block_with_its_chords(patterns: str, form: list[int]) -> None:
    found = read_blocks(silence(4 * len(patterns)), chords_of(patterns), 0)
    assert found.form.tolist() == form
    assert (found.phase, len(found)) == (0, len(form))


def test_of_blocks_with_the_same_roots_the_one_with_the_same_chords_and_notes_is_returned_to() -> None:
    chords = chords_of("AAA")
    chords[4:8] += MINOR
    assert read_blocks(silence(12), chords, 0).form.tolist() == [0, 1, 2], "the first has the same qualities"
    played = bars_of([[60, 0]] * 4 + [[62, 0]] * 4 + [[60, 0]] * 4)
    assert read_blocks(played, chords_of("AAA"), 0).form.tolist() == [0, 1, 2], "the first has the same notes"


@pytest.mark.parametrize(("changed", "form"), [(1, 1), (2, 0)])
def test_seven_of_eight_roots_make_a_return(changed: int, form: int) -> None:
    chords = chords_of("AA")
    chords.reshape(-1)[8 : 8 + changed] = 5 * len(QUALITIES)
    assert read_blocks(silence(8), chords, 0).form[1] == form


def test_blocks_without_chords_return_by_their_notes() -> None:
    chords = np.full((12, 2), NO_CHORD)
    drums = [[0, pitch] for pitch in (36, 37, 38, 39)]
    other = [[0, pitch] for pitch in (40, 41, 42, 43)]
    assert read_blocks(bars_of([*drums, *other, *drums]), chords, 0).form.tolist() == [0, 0, 2]


@pytest.mark.parametrize(("distance", "returns"), [(MAX_RETURN, True), (MAX_RETURN + 1, False)])
def test_no_block_returns_farther_than_the_memory_of_form(distance: int, returns: bool) -> None:
    between = "BCDEFGHIJKL" * 2
    patterns = "A" + between[: distance - 1] + "A"
    chords = chords_of(patterns)
    assert read_blocks(silence(len(chords)), chords, 0).form[-1] == (distance if returns else 0)


def test_an_instrument_is_active_in_the_blocks_in_which_it_begins_a_note() -> None:
    played = bars_of([[60, 0]] + [[0, 0]] * 6 + [[0, 40]] + [[0, 0]])
    found = read_blocks(played, np.full((9, 2), NO_CHORD), 0)
    assert found.active.tolist() == [[True, False], [False, True], [False, False]]


def test_a_block_that_is_cut_short_returns_by_the_bars_it_has() -> None:
    chords = chords_of("AB")
    found = read_blocks(silence(10), np.concatenate([chords, chords[:2]]), 0)
    assert found.form.tolist() == [0, 0, 2]


@pytest.mark.parametrize("phase", range(BLOCK_BARS))
def test_the_phase_is_that_in_which_most_blocks_return(phase: int) -> None:
    rng = np.random.default_rng(0)
    pattern = rng.permutation(12).reshape(3, 4)[[0, 1, 0, 1, 2, 0]].reshape(-1, 1) * len(QUALITIES)
    pickup = np.full((phase, 1), 7 * len(QUALITIES) + MINOR)
    chords = np.repeat(np.concatenate([pickup, pattern]), 2, 1)
    found = read_blocks(silence(len(chords)), chords)
    assert found.phase == phase
    assert found.form.tolist() == [0, 0, 2, 2, 0, 3]
