"""Finds a song's sections: where the band changes together, and which parts return.

Bars are compared by their chords and by what each instrument plays in them. Sections are blocks of four bars, joined
where nothing new begins; two sections are the same where their bars agree in order.
"""

from itertools import pairwise
from string import ascii_uppercase

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.music.chart import Section
from pianoroll_vae.music.chord_labels import NO_CHORD, Labels, roots
from pianoroll_vae.music.song import Song

BLOCK_BARS = 4
MAX_SECTION_BARS = 16
"""Bars; longer ones are cut where they change most."""

MAX_BARS = 1000
"""A longer song is one section: the memory and time of comparing its bars grow with their square."""

BOUNDARY = 0.45
"""From this novelty on a section begins: 0 where four bars before and after a line are alike, 1 where nothing is."""

RETURN = 0.8
"""From this mean similarity of bars on, four bars are a return of four earlier ones."""

SAME_SECTION = 0.66
"""From this mean similarity of bars on, a section returns to an earlier one."""

ENDING = "Ending"
"""The name of a chart's last section where a song is given an ending."""

Lines = NDArray[np.int64]
"""Bar lines, each by the bar after it."""

Similarity = NDArray[np.float64]
"""(bars, bars): 0 where two bars share nothing, 1 where they are the same."""


def find_sections(song: Song, starts: NDArray[np.float64], chords: Labels) -> tuple[Section, ...]:
    """The sections of a song whose bars begin at the steps `starts` (bars,); chords (bars, 2)."""
    if not len(starts):
        return ()
    if len(starts) > MAX_BARS:
        return (Section(section_letter(0), len(starts)),)
    similarity = bar_similarity(song, starts, chords)
    edges = _edges(similarity)
    return _named(similarity, edges)


def bar_similarity(song: Song, starts: NDArray[np.float64], chords: Labels) -> Similarity:
    """Half by the roots of their chords, half by what the instruments play: the pitch classes each begins (drums: the
    drums each hits) in each quarter of the bar."""
    bars, instruments, notes = len(starts), len(song.band), song.notes
    edges = np.append(starts, song.steps)
    bar = np.minimum(np.searchsorted(edges, notes.start, side="right") - 1, bars - 1)
    quarter = np.minimum((notes.start - edges[bar]) * 4 / np.diff(edges)[bar], 3).astype(np.int64)
    classes = np.array([16 if instrument.is_drum else 12 for instrument in song.band], np.uint8)
    kind = notes.pitch % classes[notes.instrument]
    padded = -(-bars // BLOCK_BARS) * BLOCK_BARS
    place = (notes.instrument.astype(np.int64) * padded + bar) * 64 + quarter * 16 + kind
    counts = np.bincount(place, minlength=instruments * padded * 64).astype(np.float32)
    content: NDArray[np.float32] = counts.reshape(instruments, padded, 64)
    cosine = np.zeros((padded, padded))
    for own in content:  # one instrument at a time: a long song's (bars, bars) take much memory
        products = _inner_products(own)
        norm = np.sqrt(products.diagonal(), dtype=np.float64)
        cosine += products / np.maximum(norm[:, None] * norm, 1e-9)
    silent = np.asarray(content.sum(2) == 0, np.float32)
    either = instruments - _inner_products(silent.T)
    alike = np.where(either == 0, 1, cosine / np.maximum(either, 1))[:bars, :bars]
    first, second = roots(chords).T
    harmony = ((first[:, None] == first) + (second[:, None] == second).astype(np.float64)) / 2
    pitched = (chords != NO_CHORD).any(1)
    harmony = np.where(pitched[:, None] | pitched[None], harmony, alike)
    return np.asarray((alike + harmony) / 2)


def _inner_products(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """(bars, bars) of (bars, features). Four bars at a time: BLAS gives larger products to threads, which wait for each
    other for milliseconds where the cores are busy."""
    return np.asarray((rows.reshape(-1, BLOCK_BARS, rows.shape[1]) @ rows.T).reshape(len(rows), -1))


def _edges(similarity: Similarity) -> list[int]:
    """The bars with which sections begin, and the end."""
    bars = len(similarity)
    novelty = _novelty(similarity)
    phase = max(range(BLOCK_BARS), key=lambda first: novelty[first::BLOCK_BARS].sum() / max(len(novelty[first::4]), 1))
    lines = list(range(phase, bars, BLOCK_BARS))
    edges = sorted({0, bars, *(line for line in lines if novelty[line] >= BOUNDARY), *_returns(similarity, phase)})
    parts = [_split(first, last, lines, novelty) for first, last in pairwise(edges)]
    return [*(edge for part in parts for edge in part), bars]


def _split(first: int, last: int, lines: list[int], novelty: NDArray[np.float64]) -> list[int]:
    """The bars with which the parts of one section begin, none of them too long."""
    inside = [line for line in lines if first < line < last]
    if last - first <= MAX_SECTION_BARS or not inside:
        return [first]
    middle = (first + last) / 2
    cut = max(inside, key=lambda line: (round(float(novelty[line]), 2), -abs(line - middle)))
    return _split(first, cut, lines, novelty) + _split(cut, last, lines, novelty)


def _returns(similarity: Similarity, phase: int) -> set[int]:
    """The bars where something returns: four bars are like four earlier ones, and the four before them are like
    neither those nor what came before those. With each return its original begins a section too."""
    blocks = (len(similarity) - phase) // BLOCK_BARS
    alike = np.zeros((blocks + 1, blocks + 1))  # row and column 0: before the first block
    for first in range(phase, phase + BLOCK_BARS):
        alike[1:, 1:] += similarity[first::BLOCK_BARS, first::BLOCK_BARS][:blocks, :blocks] / BLOCK_BARS
    before = np.maximum(alike[:-1, :-1], alike[1:, :-1])
    begins = np.triu((alike[1:, 1:] >= RETURN) & (before < SAME_SECTION), 1)
    found: set[int] = set()
    for later in np.flatnonzero(begins.any(0)).tolist():
        original = int(np.where(begins[:, later], alike[1:, later + 1], 0).argmax())
        found |= {phase + BLOCK_BARS * original, phase + BLOCK_BARS * later}
    return found


def _novelty(similarity: Similarity) -> NDArray[np.float64]:
    """(bars,): how little the four bars after each bar line are like the four before it, beside how alike each four
    are; 1 for the first."""
    bars = len(similarity)
    sums = np.pad(similarity.cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    line = np.arange(1, bars)
    before, after = np.maximum(line - BLOCK_BARS, 0), np.minimum(line + BLOCK_BARS, bars)

    def mean(top: Lines, bottom: Lines, left: Lines, right: Lines) -> NDArray[np.float64]:
        total = sums[bottom, right] - sums[top, right] - sums[bottom, left] + sums[top, left]
        return np.asarray(total / ((bottom - top) * (right - left)))

    inside = (mean(before, line, before, line) + mean(line, after, line, after)) / 2
    across = mean(before, line, line, after)
    return np.append(1.0, np.clip(1 - across / np.maximum(inside, 1e-9), 0, 1))


def _named(similarity: Similarity, edges: list[int]) -> tuple[Section, ...]:
    """Sections A, B, C, … between the edges; one that is like an earlier one has its name."""
    sections: list[Section] = []
    originals: list[int] = []
    for place, (first, last) in enumerate(pairwise(edges)):
        scores = {
            earlier: _agreement(similarity, edges[earlier], edges[earlier + 1], first, last) for earlier in originals
        }
        best = max(scores, key=lambda earlier: scores[earlier], default=None)
        if best is not None and scores[best] >= SAME_SECTION:
            sections.append(Section(sections[best].name, last - first, best))
        else:
            sections.append(Section(section_letter(len(originals)), last - first))
            originals.append(place)
    return tuple(sections)


def _agreement(similarity: Similarity, first: int, last: int, other: int, end: int) -> float:
    """Mean similarity of two sections' bars in order, over the length of the shorter one; 0 where one is more than
    twice as long."""
    shared = min(last - first, end - other)
    if 2 * shared < max(last - first, end - other):
        return 0.0
    return float(similarity[first : first + shared, other : other + shared].trace()) / shared


def section_letter(number: int) -> str:
    """A, B, …, Z, A2, B2, …"""
    alphabets, letter = divmod(number, len(ascii_uppercase))
    return ascii_uppercase[letter] + (str(alphabets + 1) if alphabets else "")
