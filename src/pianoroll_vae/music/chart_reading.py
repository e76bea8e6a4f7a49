"""Reads the chart of a song: the most likely chord of each half bar, sections that return, and the key.

Chords are found by Viterbi over all labels. A half bar's score for a chord is the share of its sounding notes that are
chord tones, with a bonus where the bass plays the root and where the third is there; a change of chord costs a little,
less at a bar line. The constants were chosen on 80 rock and blues songs of LPD-5; on 120 others they explain .87 of the
sounding cells.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.music.chart import Chart
from pianoroll_vae.music.chord_labels import CHORD_TONES, CHORDS, NO_CHORD, QUALITIES, Labels, chord_key_fits, roots
from pianoroll_vae.music.key import Key, key_at, key_fits, pitch_class_durations
from pianoroll_vae.music.meter import bar_starts, half_beats_of
from pianoroll_vae.music.notes import PITCHES
from pianoroll_vae.music.sections import find_sections
from pianoroll_vae.music.song import Song

BASS_ROOT = 0.8
"""Weight of the share of the bass's cells that are the root."""

BASS_TONES = 0.4
"""Weight of the share of the bass's cells that are chord tones."""

CHARACTERISTIC_TONE = 0.3
"""Bonus for the tone that distinguishes a chord from similar ones: the third, or the fourth of a sus4."""

QUALITY_COST = {"": 0.0, "m": 0.0, "7": 0.12, "m7": 0.12, "5": 0.1, "sus4": 0.25}
"""Larger chords explain more by their size alone; sus4 and power chords are read only where the third is missing."""

CHANGE_COST, CHANGE_COST_AT_BAR = 0.35, 0.2
FULL_PRESENCE = 0.08
"""The share of the sounding cells from which on a pitch class counts as fully present."""

WRONG_SIGNATURE = 0.1
"""A key signature counts if its keys fit the notes at most so much worse than the key that fits them best, as a
correlation. Of 300 songs composed in a known key, 5 fit it worse; of 326 songs of LPD-5 in other keys, C major, which
many programs write where none was chosen, fits 1 in 18 so well."""

END_CHORD = 0.02
"""What `chord_key_fits` gains for the keys on the root of a song's first or last chord. Of 70 minor songs composed in
a known key, 23 are read in it and not in the relative major by their notes alone, and all with their chords:
`tests.bench.keys`."""

WRONG_SCALE = 0.03
"""The same for scales that are neither major nor minor, which vaemusic alone writes: a share of the notes' lengths."""

PitchClassCells = NDArray[np.float64]
"""(instruments, half_bars, 12): cells that sound, by pitch class; zeros for drums."""


def read_chart(song: Song) -> Chart:
    """The chart of a song, in its first meter and tempo."""
    labels = read_labels(song)
    chords = labels.reshape(-1, 2)
    numerator, denominator = song.meters[0][1:]
    sections = find_sections(song, bar_starts(song), chords)
    tempo = round(float(song.tempo[0][1]), 2)
    key = _find_key(song, labels)
    return Chart(sections, chords, (numerator, denominator), tempo, key, " ".join(song.name.split()))


def find_key(song: Song) -> Key | None:
    """The key of a song; None without pitched notes. It is major or minor, if the file names no other scale.

    The notes decide between keys of different scales, if the song has no key signature that can be theirs. The chords
    decide between a major key and its relative minor, which have the same notes, except where the signature is minor:
    a major one is also what many programs write for minor keys.
    """
    return _find_key(song, read_labels(song))


def _find_key(song: Song, labels: Labels) -> Key | None:
    durations = pitch_class_durations(song.notes, song.band.drums)
    if not durations.any():
        return None
    key, named = key_at(int(key_fits(durations).argmax())), song.key_signature
    if named is not None and _fits_key(durations, named):
        key = named
        if named.scale != "major":
            return named
    fits = chord_key_fits(labels)
    for root in roots(labels[labels != NO_CHORD][[0, -1]]).tolist():
        fits[[root, root + 12]] += END_CHORD
    return max(key, key.relative, key=lambda one: float(fits[one.index]))


def _fits_key(durations: NDArray[np.float64], key: Key) -> bool:
    """Whether a major or minor key or its relative fits the notes nearly as well as any; of another scale, whether
    nearly as much of the notes is in it as in any transposition."""
    if key.scale in ("major", "minor"):
        fits = key_fits(durations)
        tolerance = WRONG_SIGNATURE * np.linalg.norm(durations - durations.mean())
        return bool(max(fits[[key.index, key.relative.index]]) >= fits.max() - tolerance)
    inside = [durations[key.transposed(semitones).tones].sum() for semitones in range(12)]
    return bool(inside[0] >= max(inside) - WRONG_SCALE * durations.sum())


def read_labels(song: Song) -> Labels:
    """(half_bars,): the chords of a song's chart alone."""
    return read_chords(pitch_class_cells(song, half_bar_edges(song)))


def half_bar_edges(song: Song) -> NDArray[np.int64]:
    """(2 · bars + 1,): the step with which each half bar begins, and the song's end. The first half of an odd meter is
    the longer one; in a bar that a meter change cuts short the second may be empty."""
    starts = bar_starts(song)
    changes = np.array([step for step, _, _ in song.meters])
    meter_of_bar = np.maximum(np.searchsorted(changes, starts, side="right") - 1, 0)
    halves = np.array([half_beats_of((over, under)) * song.steps_per_beat for _, over, under in song.meters])
    ends = np.append(starts[1:], song.steps)
    edges = np.stack([starts, np.minimum(starts + halves[meter_of_bar], ends)], 1).ravel()
    return np.append(np.minimum(np.ceil(edges), song.steps), song.steps).astype(np.int64)


def pitch_class_cells(song: Song, edges: NDArray[np.int64]) -> PitchClassCells:
    """How long each pitch class sounds in each half bar, in steps, by instrument; drums are all zero."""
    drums = song.band.drums
    notes, half_bars = song.notes[~drums[song.notes.instrument]], len(edges) - 1
    end = np.minimum(notes.end, song.steps)
    first = (np.searchsorted(edges, notes.start, side="right") - 1).astype(np.int32)
    length = np.searchsorted(edges, end).astype(np.int32) - first
    row, half, note = replace(notes, start=first, length=length).cells(half_bars)  # a cell is a half bar here
    steps = np.minimum(end[note], edges[half + 1]) - np.maximum(notes.start[note], edges[half])
    place = (row // PITCHES * half_bars + half) * 12 + row % PITCHES % 12
    cells = np.bincount(place, steps, len(song.band) * half_bars * 12)
    return cells.astype(np.float64, copy=False).reshape(len(song.band), half_bars, 12)


def read_chords(cells: PitchClassCells) -> Labels:
    """(half_bars,): the most likely sequence of labels; half bars in which nothing is pitched have no chord."""
    silent = cells.sum((0, 2)) == 0
    if silent.all():
        return np.full(cells.shape[1], NO_CHORD)
    scores = _scores(cells)
    scores[silent] = 0
    return np.where(silent, NO_CHORD, _viterbi(scores))


def explained_share(cells: PitchClassCells, labels: Labels) -> float:
    """The share of the sounding cells whose pitch class is a tone of their half bar's chord; NaN where none sound."""
    total = cells.sum()
    return float((cells * CHORD_TONES[labels]).sum() / total) if total else float("nan")


def _scores(cells: PitchClassCells) -> NDArray[np.float64]:
    """(half_bars, CHORDS): how well each chord fits each half bar."""
    tones = CHORD_TONES[:CHORDS].T.astype(np.float64)
    root, quality = np.divmod(np.arange(CHORDS), len(QUALITIES))
    bass_index = _bass(cells)
    bass = _shares(cells[bass_index])
    others = _shares(cells.sum(0) - cells[bass_index])
    together = _shares(cells.sum(0))
    characteristic = np.array([4, 3, 4, 3, 7, 5])[quality]
    present = np.minimum(1, together / FULL_PRESENCE)[:, (root + characteristic) % 12] * (quality != 4)
    cost = np.array(list(QUALITY_COST.values()))[quality]
    scores = (others + together + BASS_TONES * bass) @ tones + BASS_ROOT * bass[:, root]
    return np.asarray(scores + CHARACTERISTIC_TONE * present - cost)


def _shares(cells: NDArray[np.float64]) -> NDArray[np.float64]:
    """(half_bars, 12) scaled to a sum of 1; silence stays 0."""
    return np.asarray(cells / np.maximum(cells.sum(-1, keepdims=True), 1))


def _bass(cells: PitchClassCells) -> int:
    """The instrument that plays one pitch class at a time most: the bass of the song, whatever its name."""
    sounding = cells.sum(-1)
    single = np.where(sounding > 0, cells.max(-1) / np.maximum(sounding, 1), 0).sum(-1)
    return int(single.argmax())


def _viterbi(scores: NDArray[np.float64]) -> Labels:
    """(half_bars,): the path of highest score, where each change costs. Every change costs the same, so the best
    predecessor of a label is itself or the best label of all."""
    totals = scores.copy()
    cost = np.where(np.arange(1, len(scores)) % 2, CHANGE_COST, CHANGE_COST_AT_BAR)
    for before, after, change_cost in zip(totals[:-1], totals[1:], cost.tolist(), strict=True):
        after += np.maximum(before, before[before.argmax()] - change_cost)
    path: Labels = totals.argmax(1)
    stays = totals[:-1] >= (totals[:-1].max(1) - cost)[:, None]
    for half in range(len(scores) - 2, -1, -1):
        if stays[half, path[half + 1]]:
            path[half] = path[half + 1]
    return path
