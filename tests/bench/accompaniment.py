"""How well a written accompaniment fits: beside the real parts, and beside the parts of a random other song.

    python -m tests.bench.accompaniment WORKSPACE [--songs 120] [--noise 1.0] [--takes 8]

The piano of every held-out song is kept; what the others play to it is real, ours, or another song's. All are measured
against the piano alone: its chords half bar by half bar, its key, its beats.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.console import Table, show
from pianoroll_vae.models.playing import Ensemble
from pianoroll_vae.music.chords import chord_tones, plan_heard
from pianoroll_vae.music.dataset import Dataset
from pianoroll_vae.music.key import find_key, share_in
from pianoroll_vae.music.measures.harmony import tonal_distance
from pianoroll_vae.music.measures.pitch import pitch_classes
from pianoroll_vae.music.notes import Notes
from pianoroll_vae.music.phrases import PHRASE_BEATS, Phrases, join
from pianoroll_vae.music.song import Song
from pianoroll_vae.stages.accompany import harmony_of, play_along
from pianoroll_vae.stages.ensembles import load_ensemble
from pianoroll_vae.stages.wishes import drums_of
from pianoroll_vae.workspace import DATASET, Workspace

LONGEST = 12
"""Phrases of a song that are looked at."""

Measure = Callable[[Song, Song], float]
"""Of the piano alone and the others alone."""


def chords(piano: Song, others: Song) -> float:
    drums, grid = drums_of(piano.band), piano.steps_per_beat
    return chord_tones(others.notes, drums, plan_heard(piano.notes, drums, round(piano.beats), grid), grid)


def bass_in_key(piano: Song, others: Song) -> float:
    key = find_key(piano)
    bass = others.notes[others.notes.instrument == others.band.index("bass")]
    return float("nan") if key is None else share_in(bass, drums_of(piano.band), key)


def all_in_key(piano: Song, others: Song) -> float:
    key = find_key(piano)
    return float("nan") if key is None else share_in(others.notes, drums_of(piano.band), key)


def distance(piano: Song, others: Song) -> float:
    return float(tonal_distance(*(_beat_classes(song) for song in (piano, others))))


def drums_together(piano: Song, others: Song) -> float:
    """The share of drum hits on steps on which a note of the piano begins."""
    hits = others.notes.start[others.notes.instrument == others.band.index("drums")]
    return float(np.isin(hits, piano.notes.start).mean()) if len(hits) else float("nan")


def playing(piano: Song, others: Song) -> float:
    """The share of phrases and instruments in which anything is played."""
    rolls = others.rolls()[1:].reshape(4, -1, PHRASE_BEATS * others.steps_per_beat, 128)
    return float((rolls > 0).any((2, 3)).mean())


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
    pitched = song.rolls()[~drums_of(song.band)].astype(bool).sum(0)
    return pitch_classes(pitched.reshape(-1, song.steps_per_beat, 128).sum(1))


def held_out(ensemble: Ensemble, dataset: Dataset, most: int) -> Iterator[Phrases]:
    """Songs not learned from in which the piano and at least two others play."""
    lead, found = ensemble.band.lead_index, 0
    for index, entry in enumerate(dataset.songs):
        if (
            entry.split != "train"
            and entry.notes[lead] >= 30
            and sum(n > 20 for n in entry.notes) >= 4
            and found < most
        ):
            heard = ensemble.hear(dataset.song(index))[:LONGEST]
            if (heard[:, lead] > 0).any((1, 2)).mean() > 0.25:
                found += 1
                yield heard


def song_of(ensemble: Ensemble, phrases: Phrases, keep: NDArray[np.bool_]) -> Song:
    rolls = join(phrases).copy()
    rolls[~keep] = 0
    notes = Notes.from_performance(rolls, drums_of(ensemble.band))
    return Song(ensemble.band, notes, rolls.shape[1], ensemble.steps_per_beat)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("workspace", type=Path)
    parser.add_argument("--songs", type=int, default=120)
    parser.add_argument("--noise", type=float, default=1.0)
    parser.add_argument("--takes", type=int, default=8)
    asked = parser.parse_args()
    workspace = Workspace.find(asked.workspace)
    ensemble, dataset = load_ensemble(workspace), Dataset.open(workspace.path(DATASET))
    songs = list(held_out(ensemble, dataset, asked.songs))
    piano = np.arange(len(ensemble.band)) == ensemble.band.lead_index
    noise = np.full(len(ensemble.band), asked.noise, np.float32)
    chance = np.random.default_rng(0)
    rows: dict[str, list[list[float]]] = {name: [] for name in ("real", "ours", "ours, first take", "random other")}
    for place, heard in enumerate(songs):
        stays = song_of(ensemble, heard, piano)
        plan = harmony_of(stays, round(stays.beats))
        kept = heard.copy()
        kept[:, ~piano] = 0
        other = songs[(place + chance.integers(1, len(songs))) % len(songs)]
        played = {"real": heard, "random other": other[np.arange(len(heard)) % len(other)]}
        for name, takes in (("ours", asked.takes), ("ours, first take", 1)):
            args = kept, piano.tolist(), plan, noise, ensemble.thresholds, np.random.default_rng(place), takes
            played[name] = play_along(ensemble, *args)
        for name, phrases in played.items():
            others = song_of(ensemble, phrases, ~piano)
            rows[name].append([measure(stays, others) for measure in MEASURES.values()])
    table = {name: np.array(values) for name, values in rows.items()}
    lines = []
    for column, name in enumerate(MEASURES):
        means = [float(np.nanmean(values[:, column])) for values in table.values()]
        sign = -1 if name in LESS_IS_BETTER else 1
        better = sign * (table["ours"][:, column] - table["random other"][:, column])
        better = better[~np.isnan(better)]
        error = float(better.std() / np.sqrt(len(better)))
        won = float((better > 0).mean() + (better == 0).mean() / 2)
        lines.append((name, *means, float(better.mean()), error, won, len(better)))
    columns = ("", *table, "ours − random", "its error", "songs won", "pairs")
    show(Table(f"{len(songs)} held-out songs, noise {asked.noise}, {asked.takes} takes", columns, lines))


if __name__ == "__main__":
    main()
