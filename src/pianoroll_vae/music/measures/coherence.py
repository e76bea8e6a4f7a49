"""Whether a band plays together: harmony that moves and that its parts share, and form that returns.

A half bar is two beats of a song in sixteenths, counted from its first step. Its triad is the major or minor triad
whose tones sound longest in it over all pitched instruments; of equally long ones that of the half bar before, else the
first.
"""

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.music.bars import SILENT, Bars
from pianoroll_vae.music.chart_reading import PitchClassCells
from pianoroll_vae.music.chords import TRIADS
from pianoroll_vae.music.measures.ratio import entropy
from pianoroll_vae.music.notes import PITCHES
from pianoroll_vae.music.resolution import SIXTEENTHS_PER_BAR, SIXTEENTHS_PER_BEAT, TWELFTHS_PER_BAR, TWELFTHS_PER_BEAT
from pianoroll_vae.music.song import Song

HALF_BAR_STEPS = SIXTEENTHS_PER_BAR // 2
COPY_BARS = 16
"""How far back an instrument's copy of a bar is looked for."""

BAND_COPY_BARS = 32
"""How far back a copy of the whole band's bar is looked for."""

FORM_DISTANCES, OTHER_DISTANCES = (8, 16, 32), (5, 7, 11, 13)
"""Bars apart at which sections return, and at which they do not."""

WINDOW_BARS = 16
ENTROPY_BARS = 8

_TRIADS = TRIADS.astype(np.float64)


def coherence(song: Song) -> dict[str, float]:
    """Named measures of a song in sixteenths; NaN where a song does not define one."""
    cells = _cells(song)
    triads = triads_of(cells.sum(0))
    drums = song.band.drums
    scale = TWELFTHS_PER_BEAT // SIXTEENTHS_PER_BEAT
    bars = Bars.from_notes(song.notes.regrid(SIXTEENTHS_PER_BEAT, TWELFTHS_PER_BEAT), song.steps * scale, drums)
    measures = {
        "half bars with a new triad": _change_rate(triads),
        "triads in 16 bars": _distinct(triads),
        "longest time on one triad": _longest(triads),
        "triad of 4 or 8 bars ago": _returns(triads),
        "bass on the root of the others": _bass_on_root(song, cells),
        "pitch-class entropy of 8 bars": _entropy(cells),
    }
    for index, instrument in enumerate(song.band):
        if not instrument.is_drum:
            measures[f"{instrument.name} in the others' triads"] = in_others_triads(cells, index)
        measures[f"{instrument.name} bars copied"] = _copied(bars, index)
    measures["parts that start or stop together"] = _entries_together(bars)
    measures["bars the whole band repeats"] = _band_repeats(bars)
    measures["bars 8, 16, 32 apart more alike"] = _form(song, bars)
    return measures


def triads_of(counts: NDArray[np.float64]) -> NDArray[np.int64]:
    """(half_bars, 12) sounding cells to triads (half_bars,): 0 to 11 major, 12 to 23 minor, -1 where nothing sounds."""
    fit = counts @ _TRIADS.T
    best = fit.argmax(1)
    ties = fit == fit.max(1, keepdims=True)
    sounding = counts.sum(1) > 0
    found = np.full(len(counts), -1)
    before = -1
    for half in np.flatnonzero(sounding):
        before = before if before >= 0 and ties[half, before] else best[half]
        found[half] = before
    return found


def in_others_triads(cells: PitchClassCells, instrument: int) -> float:
    """The share of an instrument's cells that are tones of the triads of the other pitched instruments, over the half
    bars in which both sound."""
    return share_in_triads(cells[instrument], triads_of(cells.sum(0) - cells[instrument]))


def share_in_triads(counts: NDArray[np.float64], triads: NDArray[np.int64]) -> float:
    """The share of sounding cells (half_bars, 12) that are tones of triads (half_bars,), where there is one."""
    there = triads >= 0
    total = counts[there].sum()
    return float((counts[there] * _TRIADS[triads[there]]).sum() / total) if total else float("nan")


def _cells(song: Song) -> PitchClassCells:
    halves = -(-song.steps // HALF_BAR_STEPS)
    drums = song.band.drums
    row, step, _ = song.notes[~drums[song.notes.instrument]].cells(song.steps)
    place = (row // PITCHES * halves + step // HALF_BAR_STEPS) * 12 + row % PITCHES % 12
    return np.bincount(place, minlength=len(song.band) * halves * 12).reshape(len(song.band), halves, 12).astype(float)


def _change_rate(triads: NDArray[np.int64]) -> float:
    """The share of half bars whose triad differs from the one before, where both have one."""
    both = (triads[1:] >= 0) & (triads[:-1] >= 0)
    return _mean(triads[1:][both] != triads[:-1][both])


def _distinct(triads: NDArray[np.int64]) -> float:
    """Different triads in each window of 16 bars, on average."""
    size = 2 * WINDOW_BARS
    windows = [triads[start : start + size] for start in range(0, len(triads) - size + 1, size)]
    return _mean([len(set(window[window >= 0].tolist())) for window in windows if (window >= 0).any()])


def _longest(triads: NDArray[np.int64]) -> float:
    """The longest run of one triad, as a share of the half bars that have one."""
    sounding = triads[triads >= 0]
    if not len(sounding):
        return float("nan")
    edges = np.flatnonzero(np.diff(sounding, prepend=-1, append=-1))
    return float(np.diff(edges).max() / len(sounding))


def _returns(triads: NDArray[np.int64]) -> float:
    """The share of half bars with the triad of 4 bars or of 8 bars before."""
    four, eight = 8, 16
    if len(triads) <= eight:
        return float("nan")
    now = triads[eight:]
    same = (now == triads[eight - four : -four]) | (now == triads[:-eight])
    return _mean(same[now >= 0])


def _bass_on_root(song: Song, cells: PitchClassCells) -> float:
    """The share of half bars whose lowest bass note is the root of the triad of the other pitched instruments."""
    if "bass" not in song.band.names:
        return float("nan")
    bass = song.band.index("bass")
    row, step, _ = song.notes[song.notes.instrument == bass].cells(song.steps)
    lowest = np.full(cells.shape[1], PITCHES)
    np.minimum.at(lowest, step // HALF_BAR_STEPS, row % PITCHES)
    triads = triads_of(cells.sum(0) - cells[bass])
    both = (lowest < PITCHES) & (triads >= 0)
    return _mean(lowest[both] % 12 == triads[both] % 12)


def _entropy(cells: PitchClassCells) -> float:
    """Entropy in bits of the pitch classes that sound in each window of 8 bars, on average."""
    size = 2 * ENTROPY_BARS
    counts = cells.sum(0)
    windows = [counts[start : start + size].sum(0) for start in range(0, len(counts) - size + 1, size)]
    return _mean([float(entropy(window)) for window in windows if window.any()])


def _copied(bars: Bars, instrument: int) -> float:
    """The share of an instrument's bars that copy one of its last 16 bars note for note."""
    source = bars.source.reshape(-1, bars.instruments)[:, instrument]
    playing = source != SILENT
    copies = np.zeros(len(source), np.bool_)
    for back in range(1, min(COPY_BARS, len(source) - 1) + 1):
        copies[back:] |= source[back:] == source[:-back]
    return _mean(copies[playing])


def _entries_together(bars: Bars) -> float:
    """At the bar lines where any instrument starts or stops, the share of the instruments that do."""
    playing = bars.source.reshape(-1, bars.instruments) != SILENT
    changes = playing[1:] != playing[:-1]
    return _mean(changes[changes.any(1)].mean(1))


def _band_repeats(bars: Bars) -> float:
    """The share of bars in which the whole band repeats one of the last 32 bars, rests included; at least two
    instruments play."""
    source = bars.source.reshape(-1, bars.instruments)
    playing = (source != SILENT).sum(1) > 1
    same = np.zeros(len(source), np.bool_)
    for back in range(1, min(BAND_COPY_BARS, len(source) - 1) + 1):
        same[back:] |= (source[back:] == source[:-back]).all(1)
    return _mean(same[playing])


def _form(song: Song, bars: Bars) -> float:
    """How much more alike bars are that lie 8, 16 or 32 apart than bars that lie 5, 7, 11 or 13 apart: the difference
    of the mean Jaccard similarities of the notes begun, over the bars in which any note begins."""
    count, instruments = len(bars), bars.instruments
    cell = np.repeat(np.arange(len(bars.source)), np.diff(bars.first))
    place = (cell % instruments * TWELFTHS_PER_BAR + bars.notes[:, 0]) * PITCHES + bars.notes[:, 1]
    places, column = np.unique(place, return_inverse=True)
    begun = np.zeros((count, len(places)), np.bool_)
    begun[cell // instruments, column] = True
    near, far = (
        _mean([_similarity_at(begun, distance) for distance in distances if distance < count])
        for distances in (FORM_DISTANCES, OTHER_DISTANCES)
    )
    return near - far


def _similarity_at(begun: NDArray[np.bool_], distance: int) -> float:
    """Mean Jaccard similarity of bars (bars, cells) that lie `distance` apart."""
    common = np.count_nonzero(begun[distance:] & begun[:-distance], axis=1)
    either = np.count_nonzero(begun[distance:] | begun[:-distance], axis=1)
    return _mean(common[either > 0] / either[either > 0])


def _mean(values: NDArray[np.bool_] | NDArray[np.float64] | list[float] | list[int]) -> float:
    return float(np.mean(values)) if len(values) else float("nan")
