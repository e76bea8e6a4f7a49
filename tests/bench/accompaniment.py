"""How well an accompaniment fits its piano, compared with the real parts and with the parts of a random other song.

    python -m tests.bench.accompaniment DATASET [--workspace DIR] [--songs 120] [--noise 1.0]

The piano of each held-out song is kept. The other parts are the song's own (real), a band's accompaniment (ours: the
bundled band, or a workspace's) or those of another song. All are measured against the piano alone: its chords by half
bar, its key, its beats.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.console import Cell, Table, show_table
from pianoroll_vae.desk.ensembles import load_ensemble
from pianoroll_vae.models.ensemble import Ensemble, Sampling
from pianoroll_vae.music.chords import chord_tone_share, recognise_chords
from pianoroll_vae.music.dataset import Dataset
from pianoroll_vae.music.key import in_key_share, key_of_notes
from pianoroll_vae.music.measures.harmony import tonal_distance
from pianoroll_vae.music.measures.pitch import pitch_classes
from pianoroll_vae.music.notes import Notes
from pianoroll_vae.music.phrases import PHRASE_BEATS
from pianoroll_vae.music.song import Song
from pianoroll_vae.workspace import Workspace

MAX_PHRASES = 12
"""Phrases taken from each song."""

MIN_NOTES, MIN_PLAYED = 30, 0.25
"""The piano's notes, and the share of the phrases in which it plays."""

Measure = Callable[[Song, Song], float]
"""Of the piano alone and of the other parts alone."""


def chords(piano: Song, others: Song) -> float:
    drums, grid = piano.band.drums, piano.steps_per_beat
    harmony = recognise_chords(piano.notes, drums, round(piano.beats), grid)
    return chord_tone_share(others.notes, drums, harmony, grid, strong_beats=True)


def bass_in_key(piano: Song, others: Song) -> float:
    key = key_of_notes(piano.notes, piano.band.drums)
    bass = others.notes[others.notes.instrument == others.band.index("bass")]
    return float("nan") if key is None else in_key_share(bass, piano.band.drums, key)


def all_in_key(piano: Song, others: Song) -> float:
    key = key_of_notes(piano.notes, piano.band.drums)
    return float("nan") if key is None else in_key_share(others.notes, piano.band.drums, key)


def distance(piano: Song, others: Song) -> float:
    return float(tonal_distance(*(_beat_classes(song) for song in (piano, others))))


def drums_together(piano: Song, others: Song) -> float:
    """The share of drum hits on steps on which a note of the piano begins."""
    hits = others.notes.start[others.notes.instrument == others.band.index("drums")]
    return float(np.isin(hits, piano.notes.start).mean()) if len(hits) else float("nan")


def playing(piano: Song, others: Song) -> float:
    """The share of phrases and instruments in which anything is played."""
    phrase = others.notes.start // (PHRASE_BEATS * others.steps_per_beat)
    heard = np.unique(np.stack([phrase, others.notes.instrument]), axis=1).shape[1]
    return float(heard / (len(others.band) - 1) / (others.beats / PHRASE_BEATS))


MEASURES: dict[str, Measure] = {
    "chord tones on beats 1 and 3": chords,
    "bass in the piano's key": bass_in_key,
    "all notes in the piano's key": all_in_key,
    "tonal distance (less is nearer)": distance,
    "drum hits with the piano": drums_together,
    "instruments playing": playing,
}
LESS_IS_BETTER = ("tonal distance (less is nearer)",)


def _beat_classes(song: Song) -> NDArray[np.float32]:
    pitched = song.rolls()[~song.band.drums].astype(bool).sum(0)
    return pitch_classes(pitched.reshape(-1, song.steps_per_beat, 128).sum(1))


def held_out(ensemble: Ensemble, dataset: Dataset, most: int) -> Iterator[Song]:
    """Beginnings of held-out songs in which the piano and several other instruments play, on the band's grid."""
    lead, grid, found = ensemble.band.lead_index, ensemble.steps_per_beat, 0
    phrase = PHRASE_BEATS * grid
    for index, entry in enumerate(dataset.songs):
        if entry.split == "train" or entry.notes[lead] < MIN_NOTES or sum(n > 20 for n in entry.notes) < 4:
            continue
        song = dataset.song(index).regrid(grid, ensemble.recipe.grid.rounding)
        song = song.between(0, min(max(song.steps // phrase, 1), MAX_PHRASES) * phrase)
        piano = song.notes.start[song.notes.instrument == lead]
        if len(np.unique(piano // phrase)) > MIN_PLAYED * song.steps / phrase and found < most:
            found += 1
            yield song


def with_notes(song: Song, notes: Notes) -> Song:
    return replace(song, notes=notes.between(0, song.steps))


def repeated(song: Song, steps: int) -> Notes:
    """A song's notes, again and again over `steps` steps."""
    return Notes.concatenate([song.notes.shifted(begin) for begin in range(0, steps, song.steps)])


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--workspace", type=Path)
    parser.add_argument("--songs", type=int, default=120)
    parser.add_argument("--noise", type=float, default=1.0)
    options = parser.parse_args()
    ensemble = load_ensemble(Workspace.find(options.workspace) if options.workspace else None)
    songs = list(held_out(ensemble, Dataset.open(options.dataset), options.songs))
    lead = ensemble.band.lead_index
    known = [instrument == lead for instrument in range(len(ensemble.band))]
    rng = np.random.default_rng(0)
    rows: dict[str, list[list[float]]] = {name: [] for name in ("real", "ours", "random other")}
    for index, song in enumerate(songs):
        piano = with_notes(song, song.notes[song.notes.instrument == lead])
        other = songs[(index + rng.integers(1, len(songs))) % len(songs)]
        played = {
            "real": song.notes,
            "ours": ensemble.accompany(piano, known, Sampling(options.noise), index),
            "random other": repeated(other, song.steps),
        }
        for name, notes in played.items():
            others = with_notes(song, notes[notes.instrument != lead])
            rows[name].append([measure(piano, others) for measure in MEASURES.values()])
    table = {name: np.array(values) for name, values in rows.items()}
    lines: list[tuple[Cell, ...]] = []
    for column, name in enumerate(MEASURES):
        means = [float(np.nanmean(values[:, column])) for values in table.values()]
        sign = -1 if name in LESS_IS_BETTER else 1
        better = sign * (table["ours"][:, column] - table["random other"][:, column])
        better = better[~np.isnan(better)]
        error = float(better.std() / np.sqrt(len(better)))
        won = float((better > 0).mean() + (better == 0).mean() / 2)
        lines.append((name, *means, float(better.mean()), error, won, len(better)))
    columns = ("", *table, "ours − random", "its error", "songs won", "pairs")
    show_table(Table(f"{len(songs)} held-out songs, noise {options.noise}", columns, lines))


if __name__ == "__main__":
    main()
