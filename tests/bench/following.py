"""Whether the band does what it is asked: accompanies a song, plays chords, a key and a shuffle, fills in bars.

    python -m tests.bench.following DATASET [--workspace DIR] [--songs 12] [--split tuning|test] [--only NAME]

Songs are held-out songs of the dataset in which all instruments play, 64 bars of each. Real parts are measured in the
same way.
"""

import argparse
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from pianoroll_vae.console import Table, show_table
from pianoroll_vae.desk.chart_options import ChartOptions, chart_of_chords
from pianoroll_vae.desk.ensembles import load_ensemble
from pianoroll_vae.desk.length import Length
from pianoroll_vae.desk.music_options import MusicOptions, drum_mask
from pianoroll_vae.desk.primers import NONE, find_primers
from pianoroll_vae.models.arranger.play.band import ArrangerBand
from pianoroll_vae.models.ensemble import REWRITE_NOISE, Ensemble
from pianoroll_vae.music.chart_reading import pitch_class_cells
from pianoroll_vae.music.dataset import Dataset
from pianoroll_vae.music.key import find_key
from pianoroll_vae.music.measures.coherence import share_in_triads, triads_of
from pianoroll_vae.music.measures.following import (
    bars_heard_in_bass,
    bass_begins_on_root,
    cells_in_chords,
    triplet_share,
)
from pianoroll_vae.music.song import Song
from pianoroll_vae.stages.generate import generate_songs
from pianoroll_vae.workspace import Workspace

BARS = 64
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
    "C major",
    "A minor",
    "G major",
    "E minor",
    "D major",
    "Bb major",
    "G minor",
    "F# minor",
    "Eb major",
    "B minor",
    "E major",
    "D minor",
)
SONGS_A_PROGRESSION, SONGS_A_KEY = 2, 3
Rows = dict[str, list[float]]


def held_out(dataset: Dataset, split: str, count: int) -> list[Song]:
    """The first 64 bars, from the first note on, of held-out songs in which all instruments play."""
    wanted = "valid" if split == "tuning" else "test"
    songs: list[Song] = []
    for index, entry in enumerate(dataset.songs):
        if entry.split == wanted and min(entry.notes) > 50:
            song = dataset.song(index)
            bar = 4 * song.steps_per_beat
            first = int(song.notes.start.min()) // bar * bar
            songs.append(song.between(first, min(song.steps, first + BARS * bar)))
        if len(songs) == count:
            break
    return songs


def accompany(ensemble: Ensemble, songs: list[Song]) -> Rows:
    """The piano is kept: each new part's cells in the triads of the original band, and the original part's."""
    rows: Rows = {}
    silent = 0
    for seed, song in enumerate(songs):
        edges = np.arange(-(-song.steps // (2 * song.steps_per_beat)) + 1) * 2 * song.steps_per_beat
        edges[-1] = song.steps
        known = [name == "piano" for name in song.band.names]
        kept = replace(song, notes=song.notes[song.notes.instrument == song.band.index("piano")])
        notes = ensemble.accompany(kept, known, np.ones(len(known), np.float32), seed=seed)
        notes = notes.regrid(ensemble.steps_per_beat, song.steps_per_beat).between(0, song.steps)
        new = pitch_class_cells(replace(song, notes=notes), edges)
        real = pitch_class_cells(song, edges)
        for name in ("guitar", "bass", "strings"):
            part = song.band.index(name)
            triads = triads_of(real.sum(0) - real[part])
            rows.setdefault(f"new {name} in the band's triads", []).append(share_in_triads(new[part], triads))
            rows.setdefault(f"real {name} in the band's triads", []).append(share_in_triads(real[part], triads))
        silent += len(song.band) - len({*notes.instrument.tolist(), song.band.index("piano")})
    rows["silent parts"] = [silent / len(songs)]
    return rows


def _generate(ensemble: Ensemble, options: MusicOptions, chart_options: ChartOptions, seed: int) -> Song:
    request, _ = chart_options.load(ensemble)
    primers = find_primers(None, NONE, [seed], ensemble)
    [made] = generate_songs(ensemble, primers, [seed], options, Length(steps=16), request=request)
    return options.apply(made, primers[0], 0, ensemble.plays_charts)[0].song()


def chords(ensemble: Ensemble, songs: list[Song]) -> Rows:
    """Songs of 64 bars to eight progressions, two of each."""
    rows: Rows = {}
    for seed, text in enumerate(PROGRESSIONS * SONGS_A_PROGRESSION):
        song = _generate(ensemble, MusicOptions(chords=text), ChartOptions(chords=text), seed)
        labels = np.resize(chart_of_chords(text).chords, (BARS, 2))
        heard = bars_heard_in_bass(song, labels)
        rows.setdefault("cells in the chord", []).append(cells_in_chords(song, labels))
        rows.setdefault("bass begins on the root", []).append(bass_begins_on_root(song, labels))
        rows.setdefault("half bars heard in the bass", []).append(heard)
        rows.setdefault("songs heard in the bass", []).append(heard >= 0.8)
    return rows


def keys(ensemble: Ensemble, songs: list[Song]) -> Rows:
    """The key that is asked for is the key that is found."""
    found = []
    for seed, key in enumerate(KEYS * SONGS_A_KEY):
        song = _generate(ensemble, MusicOptions(key=key), ChartOptions(), seed)
        found.append(str(find_key(song)) == key)
    return {"key asked is the key found": list(map(float, found))}


def shuffles(ensemble: Ensemble, songs: list[Song]) -> Rows:
    """Songs whose off-beat onsets are mostly triplets: the share of triplets in the primer and in what follows it."""
    rows: Rows = {}
    for seed, song in enumerate(song for song in songs if triplet_share(song.notes, song.steps_per_beat) > 0.5):
        primer = song.between(0, 16 * 4 * song.steps_per_beat)
        [notes] = ensemble.continue_([primer], 8, 1.0, seeds=[seed])
        rows.setdefault("triplets in the primer", []).append(triplet_share(primer.notes, song.steps_per_beat))
        rows.setdefault("triplets after it", []).append(triplet_share(notes, ensemble.steps_per_beat))
    return rows


def seams(ensemble: Ensemble, songs: list[Song]) -> Rows:
    """Bars 9 to 16 are written anew: of the last one's pitched notes, the share whose pitch class the next bar has."""
    rows: Rows = {}
    assert isinstance(ensemble, ArrangerBand)
    for seed, song in enumerate(songs):
        bar = 4 * song.steps_per_beat
        bars = ensemble.to_bars(song)
        fixed = np.ones((len(bars), len(song.band)), np.bool_)
        fixed[8:16] = False
        filled = ensemble.vary_bars(bars, np.full(len(song.band), REWRITE_NOISE, np.float32), [seed], fixed)
        notes = filled.to_notes().regrid(ensemble.steps_per_beat, song.steps_per_beat)
        pitched = ~drum_mask(song.band)
        for name, played in (("new", notes), ("real", song.notes)):
            inside = played[pitched[played.instrument] & (played.start >= 15 * bar) & (played.start < 16 * bar)]
            after = song.notes[pitched[song.notes.instrument]].between(16 * bar, 17 * bar)
            if len(inside) and len(after):
                shared = np.isin(inside.pitch % 12, after.pitch % 12).mean()
                rows.setdefault(f"{name} notes shared with the next bar", []).append(float(shared))
    return rows


def densities(ensemble: Ensemble, songs: list[Song]) -> Rows:
    """Notes in a bar in which an instrument plays, in eight songs of 40 bars with each density of that instrument."""
    rows: Rows = {}
    seeds = list(range(8))
    for index, name in enumerate(ensemble.band.names):
        for level in ("low", "medium", "high"):
            request, _ = ChartOptions(density={name: level}).load(ensemble)
            primers = find_primers(None, NONE, seeds, ensemble)
            made = generate_songs(ensemble, primers, seeds, MusicOptions(), Length(steps=10), request=request)
            for song in (arrangement.new for arrangement in made):
                start = song.notes.start[song.notes.instrument == index] // (4 * song.steps_per_beat)
                if len(start):
                    rows.setdefault(f"{name} {level}: notes a bar", []).append(len(start) / len(np.unique(start)))
    return rows


PARTS: dict[str, Callable[[Ensemble, list[Song]], Rows]] = {
    "accompany": accompany,
    "chords": chords,
    "keys": keys,
    "shuffles": shuffles,
    "seams": seams,
    "densities": densities,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--workspace", type=Path)
    parser.add_argument("--songs", type=int, default=12)
    parser.add_argument("--split", choices=["tuning", "test"], default="tuning")
    parser.add_argument("--only", choices=list(PARTS), action="append")
    options = parser.parse_args()
    ensemble = load_ensemble(None if options.workspace is None else Workspace.find(options.workspace))
    songs = held_out(Dataset.open(options.dataset), options.split, options.songs)
    rows = []
    for name in options.only or PARTS:
        for measure, values in PARTS[name](ensemble, songs).items():
            defined = [value for value in values if not np.isnan(value)]
            mean = f"{np.mean(defined):.3f}" if defined else "–"
            rows.append((name, measure, mean, f"{np.median(defined):.3f}" if defined else "–", str(len(defined))))
    show_table(Table("Following", ("part", "measure", "mean", "median", "songs"), rows))


if __name__ == "__main__":
    main()
