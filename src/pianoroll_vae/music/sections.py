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
LONGEST_SECTION = 16
"""Bars; longer ones are cut where they change most."""

MAX_BARS = 1000
"""A longer song is one section: the memory and time of comparing its bars grow with their square."""

BOUNDARY = 0.45
"""From this novelty on a section begins: 0 where four bars before and after a line are alike, 1 where nothing is."""

RETURN = 0.8
"""From this mean similarity of bars on, four bars are a return of four earlier ones."""

SAME_SECTION = 0.66
"""From this mean similarity of bars on, a section returns to an earlier one."""

Similarity = NDArray[np.float64]
"""(bars, bars): 0 where two bars share nothing, 1 where they are the same."""


def find_sections(song: Song, starts: NDArray[np.float64], chords: Labels) -> tuple[Section, ...]:
    """The sections of a song whose bars begin at the steps `starts` (bars,); chords (bars, 2)."""
    if not len(starts):
        return ()
    if len(starts) > MAX_BARS:
        return (Section(_letter(0), len(starts)),)
    similarity = bar_similarity(song, starts, chords)
    edges = _edges(similarity)
    return _named(similarity, edges)


def bar_similarity(song: Song, starts: NDArray[np.float64], chords: Labels) -> Similarity:
    """Half by the roots of their chords, half by what the instruments play: the pitch classes each begins (drums: the
    drums each hits) in each quarter of the bar."""
    bars = len(starts)
    edges = np.append(starts, song.steps)
    bar = np.searchsorted(edges, song.notes.start, side="right") - 1
    length = np.diff(edges)[np.clip(bar, 0, bars - 1)]
    quarter = np.clip(((song.notes.start - edges[np.clip(bar, 0, bars - 1)]) * 4 / length).astype(int), 0, 3)
    drums = np.array([instrument.is_drum for instrument in song.band])
    kind = np.where(drums[song.notes.instrument], song.notes.pitch % 16, song.notes.pitch % 12)
    size = len(song.band) * 4 * 16
    place = (np.clip(bar, 0, bars - 1) * len(song.band) + song.notes.instrument) * 64 + quarter * 16 + kind
    content = np.bincount(place, minlength=bars * size).reshape(bars, len(song.band), 64).astype(np.float64)
    norm = np.linalg.norm(content, axis=2)
    cosine = np.zeros((bars, bars))
    either = np.zeros((bars, bars), np.int64)
    for instrument in range(len(song.band)):  # one at a time: a long song's (bars, bars) take much memory
        own, size_of = content[:, instrument], norm[:, instrument]
        cosine += np.einsum("bf,cf->bc", own, own) / np.maximum(size_of[:, None] * size_of, 1e-9)
        either += (size_of[:, None] > 0) | (size_of > 0)
    alike = cosine / np.maximum(either, 1)
    alike[either == 0] = 1
    root = roots(chords)
    harmony = (root[:, None] == root[None]).mean(2)
    pitched = (chords != NO_CHORD).any(1)
    harmony = np.where(pitched[:, None] | pitched[None], harmony, alike)
    return np.asarray((alike + harmony) / 2)


def _edges(similarity: Similarity) -> list[int]:
    """The bars with which sections begin, and the end."""
    bars = len(similarity)
    novelty = np.array([_novelty(similarity, bar) for bar in range(bars)])
    phase = max(range(BLOCK_BARS), key=lambda first: novelty[first::BLOCK_BARS].sum() / max(len(novelty[first::4]), 1))
    lines = list(range(phase, bars, BLOCK_BARS))
    edges = sorted({0, bars, *(line for line in lines if novelty[line] >= BOUNDARY), *_returns(similarity, lines)})
    split = True
    while split:
        split = False
        for first, last in pairwise(edges):
            inside = [line for line in lines if first < line < last]
            if last - first > LONGEST_SECTION and inside:
                middle = (first + last) / 2
                edges.append(max(inside, key=lambda line: (round(float(novelty[line]), 2), -abs(line - middle))))
                edges.sort()
                split = True
                break
    return edges


def _returns(similarity: Similarity, lines: list[int]) -> set[int]:
    """The lines where something returns: four bars are like four earlier ones, and the four before them are like
    neither those nor what came before those. With each return its original begins a section too."""
    blocks = len([line for line in lines if line + BLOCK_BARS <= len(similarity)])
    alike = np.zeros((blocks + 1, blocks + 1))  # row and column 0: before the first block
    for bar in range(BLOCK_BARS):
        places = np.array(lines[:blocks], np.int64) + bar
        alike[1:, 1:] += similarity[np.ix_(places, places)] / BLOCK_BARS
    found: set[int] = set()
    for later in range(2, blocks + 1):
        before = np.maximum(alike[: later - 1, later - 1], alike[1:later, later - 1])
        begins = (alike[1:later, later] >= RETURN) & (before < SAME_SECTION)
        if begins.any():
            original = int(np.where(begins, alike[1:later, later], 0).argmax())
            found |= {lines[original], lines[later - 1]}
    return found


def _novelty(similarity: Similarity, bar: int) -> float:
    """How little the four bars after a bar line are like the four before it, beside how alike each four are."""
    before, after = slice(max(bar - BLOCK_BARS, 0), bar), slice(bar, bar + BLOCK_BARS)
    if bar == 0:
        return 1.0
    inside = (similarity[before, before].mean() + similarity[after, after].mean()) / 2
    return float(np.clip(1 - similarity[before, after].mean() / max(inside, 1e-9), 0, 1))


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
            sections.append(Section(_letter(len(originals)), last - first))
            originals.append(place)
    return tuple(sections)


def _agreement(similarity: Similarity, first: int, last: int, other: int, end: int) -> float:
    """Mean similarity of two sections' bars in order, over the length of the shorter one; 0 where one is more than
    twice as long."""
    shared = min(last - first, end - other)
    if 2 * shared < max(last - first, end - other):
        return 0.0
    return float(np.diagonal(similarity[first : first + shared, other : other + shared]).mean())


def _letter(number: int) -> str:
    """A, B, …, Z, A2, B2, …"""
    round_, letter = divmod(number, len(ascii_uppercase))
    return ascii_uppercase[letter] + (str(round_ + 1) if round_ else "")
