"""Measures how closely a band follows its options: chords, keys, densities, parts that are kept, bars to fill in, and
the shuffle of what it continues."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from pianoroll_vae.models.ensemble import REWRITE_NOISE, Ensemble, Sampling
from pianoroll_vae.music.chart_reading import half_bar_edges, pitch_class_cells
from pianoroll_vae.music.chord_labels import Labels, parse_chord_label
from pianoroll_vae.music.key import key_of_notes
from pianoroll_vae.music.measures.coherence import share_in_triads, triads_of
from pianoroll_vae.music.measures.following import (
    bars_heard_in_bass,
    bass_begins_on_root,
    cells_in_chords,
    triplet_share,
)
from pianoroll_vae.music.midi import midi_bytes
from pianoroll_vae.music.resolution import BEATS_PER_BAR
from pianoroll_vae.music.song import Song
from pianoroll_vae.music.source_midi import SourceMidi
from pianoroll_vae.progress import Task

BARS = 64
"""Of each song."""

PROGRESSIONS = (
    "Am F C G",
    "C G Am F",
    "Dm G7 C C",
    "Em C G D",
    "A5 A5 D5 E5",
    "Gm7 Cm7 F7 Bb",
    "E E A B7",
    "F#m D A E",
)
KEYS = (
    *("C major", "A minor", "G major", "E minor", "D major", "Bb major"),
    *("G minor", "F# minor", "Eb major", "B minor", "E major", "D minor"),
)
DENSITIES = ("low", "medium", "high")
SONGS_A_PROGRESSION, SONGS_A_KEY, SONGS_A_DENSITY = 2, 3, 4

KEPT = "piano"
FILLED = 9, 16
"""The bars that are written anew between others, from 1."""

PRIMER_BARS, CONTINUED_PHRASES = 16, 8
SHUFFLE = 0.5
"""A song is one where more of its onsets between beats are triplets."""

HEARD = 0.8
"""Of the half bars of a song, the share in which the bass must hold the chord's root for the song's chords to count as
heard."""


class SongGenerator(Protocol):
    """Writes a song of `BARS` bars that is asked for as on the command line."""

    def __call__(
        self, seed: int, *, chords: str | None = None, key: str | None = None, density: Mapping[str, str] | None = None
    ) -> Song: ...


@dataclass(frozen=True)
class FollowingScore:
    """The mean of a measure over songs, and what it is compared with: the same in real songs, or in the primers."""

    asked: str
    measure: str
    band: float | None
    real: float | None
    songs: int


ByMeasure = dict[str, list[tuple[float, float]]]
"""By measure: of each song, the band's value and the real one, NaN where there is none."""


def measure_following(
    ensemble: Ensemble, real: Sequence[Song], generate: SongGenerator, task: Task
) -> tuple[FollowingScore, ...]:
    """Measures of a band that plays charts; real: songs in bars of 4/4 in which all instruments play."""
    excerpts = [_excerpt(song) for song in real]
    parts: tuple[tuple[str, Iterator[ByMeasure]], ...] = (
        ("accompany --keep piano", _accompany(ensemble, excerpts)),
        ("--chords", _chords(generate)),
        ("--key", _keys(generate)),
        ("continue a shuffle", _shuffles(ensemble, excerpts)),
        ("vary --noise 1.5 --bars 9-16", _filled_bars(ensemble, excerpts)),
        ("--density", _densities(ensemble, generate)),
    )
    rows = []
    for asked, songs in parts:
        gathered: ByMeasure = {}
        for values in songs:
            for name, own in values.items():
                gathered.setdefault(name, []).extend(own)
            task.advance()
        rows += [FollowingScore(asked, name, *_means(pairs), len(pairs)) for name, pairs in gathered.items()]
    return tuple(rows)


def songs_to_measure(ensemble: Ensemble, real: int) -> int:
    """Songs that `measure_following` writes at most."""
    written = len(PROGRESSIONS) * SONGS_A_PROGRESSION + len(KEYS) * SONGS_A_KEY
    return written + len(ensemble.band) * len(DENSITIES) * SONGS_A_DENSITY + 3 * real


def _accompany(ensemble: Ensemble, songs: Sequence[Song]) -> Iterator[ByMeasure]:
    """The new parts' cells in the triads of the song's other parts, and the song's own parts'."""
    for seed, song in enumerate(songs):
        drums = song.band.drums.tolist()
        edges, piano = half_bar_edges(song), song.band.index(KEPT)
        kept = replace(song, notes=song.notes[song.notes.instrument == piano])
        known = [name == KEPT for name in song.band.names]
        notes = ensemble.accompany(kept, known, seed=seed)
        notes = notes.regrid(ensemble.steps_per_beat, song.steps_per_beat).between(0, song.steps)
        new, real = (pitch_class_cells(each, edges) for each in (replace(song, notes=notes), song))
        values: ByMeasure = {}
        for part, name in enumerate(song.band.names):
            if not (known[part] or drums[part]):
                triads = triads_of(real.sum(0) - real[part])
                shares = share_in_triads(new[part], triads), share_in_triads(real[part], triads)
                values[f"{name} in the others' triads"] = [shares]
        silent = len(song.band) - len({*notes.instrument.tolist(), piano})
        yield values | {"silent parts": [(silent, 0.0)]}


def _chords(generate: SongGenerator) -> Iterator[ByMeasure]:
    for seed, text in enumerate(PROGRESSIONS * SONGS_A_PROGRESSION):
        song, labels = generate(seed, chords=text), _labels(text)
        heard = bars_heard_in_bass(song, labels)
        yield _without_real(
            {
                "cells in the chord": cells_in_chords(song, labels),
                "bars in which the bass begins on the root": bass_begins_on_root(song, labels),
                "half bars heard in the bass": heard,
                "songs heard in the bass": float(heard >= HEARD),
            }
        )


def _labels(chords: str) -> Labels:
    """(BARS, 2) of symbols, one a bar, repeated."""
    bars = np.resize([parse_chord_label(symbol)[0] for symbol in chords.split()], BARS)
    return np.repeat(bars[:, None], 2, 1)


def _keys(generate: SongGenerator) -> Iterator[ByMeasure]:
    for seed, key in enumerate(KEYS * SONGS_A_KEY):
        song = generate(seed, key=key)
        found = key_of_notes(song.notes, song.band.drums)
        yield _without_real({"songs whose key is found to be it": float(str(found) == key)})


def _shuffles(ensemble: Ensemble, songs: Sequence[Song]) -> Iterator[ByMeasure]:
    for seed, song in enumerate(songs):
        if triplet_share(song.notes, song.steps_per_beat) > SHUFFLE:
            primer = song.between(0, PRIMER_BARS * BEATS_PER_BAR * song.steps_per_beat)
            [notes] = ensemble.continue_([primer], CONTINUED_PHRASES, seeds=[seed])
            new = triplet_share(notes, ensemble.steps_per_beat)
            yield {"onsets between beats on triplets": [(new, triplet_share(primer.notes, song.steps_per_beat))]}


def _filled_bars(ensemble: Ensemble, songs: Sequence[Song]) -> Iterator[ByMeasure]:
    """Of the pitched notes of the last bar that is filled in, the share whose pitch class the next bar has."""
    for seed, song in enumerate(songs):
        source, bar = SourceMidi.from_bytes(midi_bytes(song), song.band), BEATS_PER_BAR * song.steps_per_beat
        filled = ensemble.vary(source, Sampling(REWRITE_NOISE), seed, FILLED).song().regrid(song.steps_per_beat)
        pitched = ~song.band.drums
        fill_end = FILLED[1] * bar
        after = song.notes[pitched[song.notes.instrument]].between(fill_end, fill_end + bar)
        shares = []
        for notes in (filled.notes, song.notes):
            last = notes[pitched[notes.instrument] & (notes.start >= fill_end - bar) & (notes.start < fill_end)]
            shares.append(float(np.isin(last.pitch % 12, after.pitch % 12).mean()) if len(last) else np.nan)
        if len(after) and not np.isnan(shares).any():
            yield {"notes shared with the bar that follows": [(shares[0], shares[1])]}


def _densities(ensemble: Ensemble, generate: SongGenerator) -> Iterator[ByMeasure]:
    """Notes in a bar in which the instrument plays."""
    for index, name in enumerate(ensemble.band.names):
        for level in DENSITIES:
            for seed in range(SONGS_A_DENSITY):
                song = generate(seed, density={name: level})
                start = song.notes.start[song.notes.instrument == index] // (BEATS_PER_BAR * song.steps_per_beat)
                notes = len(start) / len(np.unique(start)) if len(start) else np.nan
                yield _without_real({f"{name} {level}: notes a bar": notes})


def _excerpt(song: Song) -> Song:
    """`BARS` bars from the one of the first note on."""
    bar = BEATS_PER_BAR * song.steps_per_beat
    first = int(song.notes.start.min(initial=song.steps)) // bar * bar
    return song.between(first, min(song.steps, first + BARS * bar))


def _without_real(values: Mapping[str, float]) -> ByMeasure:
    """Values with no real one beside them."""
    return {name: [(value, np.nan)] for name, value in values.items()}


def _means(pairs: Sequence[tuple[float, float]]) -> tuple[float | None, float | None]:
    """Over the songs that have a value."""
    columns = np.array(pairs, float).T
    band, real = (float(own[~np.isnan(own)].mean()) if not np.isnan(own).all() else None for own in columns)
    return band, real
