"""Whether the verbs of the latent space do what they promise: reconstruct, vary, interpolate, average.

python -m tests.bench.latents DATASET [--workspace DIR] [--songs 60] [--pairs 100] [--steps 8] [--split tuning|test]
"""

import argparse
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.console import Table, show_table
from pianoroll_vae.desk.ensembles import load_ensemble
from pianoroll_vae.desk.mixing import phrases_of
from pianoroll_vae.models.arranger.play.band import ArrangerBand
from pianoroll_vae.models.ensemble import Ensemble
from pianoroll_vae.music.dataset import Dataset
from pianoroll_vae.music.key import SCALES
from pianoroll_vae.music.measures.agreement import f1_scores, onset_f1
from pianoroll_vae.music.notes import Notes
from pianoroll_vae.music.song import Song
from pianoroll_vae.workspace import Workspace

NOISES = (0.1, 0.2, 0.5, 1.0, 1.4)
PHRASES = 8
"""Of each interpolated song."""


def held_out(dataset: Dataset, split: str, count: int) -> list[Song]:
    """Songs with notes, evenly spaced in the split."""
    wanted = "valid" if split == "tuning" else "test"
    found = [index for index, entry in enumerate(dataset.songs) if entry.split == wanted and any(entry.notes)]
    chosen = np.unique(np.linspace(0, len(found) - 1, min(count, len(found))).astype(int))
    return [dataset.song(found[index]) for index in chosen]


def reconstruction(ensemble: Ensemble, songs: list[Song]) -> Table:
    """F1 of onsets and of cells over all songs."""
    count, onsets, cells = len(ensemble.band), [], []
    begun, bars = time.perf_counter(), 0.0
    reconstructions = [ensemble.reconstruct(song) for song in songs]
    seconds = time.perf_counter() - begun
    for song, notes in zip(songs, reconstructions, strict=True):
        real = ensemble.on_grid(song)
        steps = max(real.steps, int(notes.end.max(initial=0)))
        onsets.append([real.notes.onsets(count, steps), notes.onsets(count, steps)])
        cells.append([real.notes.rolls(count, steps) > 0, notes.rolls(count, steps) > 0])
        bars += song.beats / 4 * count
    figures = []
    for pairs in (onsets, cells):
        one, other = (np.concatenate([pair[side] for pair in pairs], 1) for side in (0, 1))
        figures.append(f1_scores(one, other))
    note = f"{bars / seconds:,.0f} bars of one instrument a second"
    return Table("reconstruct", ("F1", *ensemble.band.names), [("onsets", *figures[0]), ("cells", *figures[1])], note)


def outside_of_scale(notes: Notes, drums: NDArray[np.bool_]) -> float:
    """The share of pitched notes outside of the major scale that fits best."""
    pitches = notes.pitch[~drums[notes.instrument]].astype(int) % 12
    if not len(pitches):
        return 0.0
    share = np.bincount(pitches, minlength=12) / len(pitches)
    tones = np.array(SCALES["major"])
    return float(1 - max(share[(tones + root) % 12].sum() for root in range(12)))


def variation(band: ArrangerBand, songs: list[Song]) -> Table:
    """Mean onset F1 beside the song, notes outside of the scale and of the song's pitches, by noise."""
    rows: list[tuple[str, float, float, float]] = []
    bars = [band.to_bars(song) for song in songs]
    for noise in (0.0, *NOISES):
        drawn = [band.vary_bars(song, np.full(len(band.band), noise, np.float32), 1) for song in bars]
        pairs = [(a.to_notes(), b.to_notes()) for a, b in zip(bars, drawn, strict=True)]
        agreement = float(np.mean([onset_f1(a, b) or 0 for a, b in pairs]))
        outside = float(np.mean([outside_of_scale(b, band.band.drums) for _, b in pairs]))
        foreign = float(np.mean([outside_of_pitches(a, b, band.band.drums) for a, b in pairs]))
        rows.append((f"{noise:g}", agreement, outside, foreign))
    return Table("vary", ("noise", "onset F1", "outside of the scale", "of the song's pitches"), rows)


def outside_of_pitches(song: Notes, varied: Notes, drums: NDArray[np.bool_]) -> float:
    """The share of notes beyond an instrument's lowest and highest pitch in the song, or of drums that it lacks."""
    outside = 0
    for instrument, is_drum in enumerate(drums):
        old, new = (notes.pitch[notes.instrument == instrument] for notes in (song, varied))
        if len(old):
            outside += int((~np.isin(new, old) if is_drum else (new < old.min()) | (new > old.max())).sum())
    return outside / max(len(varied), 1)


def interpolation(ensemble: Ensemble, songs: list[Song], pairs: int, steps: int) -> Table:
    """From one song to another in `steps` positions, each a song of `PHRASES` phrases."""
    drums = ensemble.band.drums
    rng = np.random.default_rng(0)
    monotone, same, outside, ratio = [], [], [], []
    for _ in range(pairs):
        one, other = (songs[index] for index in rng.choice(len(songs), 2, replace=False))
        phrases = phrases_of([one, other], PHRASES)
        path = [ensemble.mix([one, other], phrases, np.tile([[1 - t], [t]], PHRASES)) for t in np.linspace(0, 1, steps)]
        ends = [
            ensemble.mix([song], phrases[own : own + 1], np.ones((1, PHRASES))) for own, song in enumerate((one, other))
        ]
        near = [[onset_f1(end, notes) or 0.0 for notes in path] for end in ends]
        monotone.append(bool((np.diff(near[0]) <= 0).all() and (np.diff(near[1]) >= 0).all()))
        same.append(path[0] == ends[0] and path[-1] == ends[1])
        middle = ensemble.mix([one, other], phrases, np.full((2, PHRASES), 0.5))
        out = [outside_of_scale(notes, drums) for notes in (*ends, middle)]
        outside.append(out[2] - (out[0] + out[1]) / 2)
        ratio.append(len(middle) / max((len(ends[0]) + len(ends[1])) / 2, 1))
    rows = [
        ("F1 to a falls and to b rises at every step", float(np.mean(monotone))),
        ("ends equal the reconstructions", float(np.mean(same))),
        ("notes outside of the scale at the middle, above the ends' mean", float(np.mean(outside))),
        ("notes at the middle, of the ends' mean", float(np.mean(ratio))),
    ]
    return Table(f"interpolate: {pairs} pairs, {steps} steps", ("", "mean"), rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--workspace", type=Path)
    parser.add_argument("--songs", type=int, default=60)
    parser.add_argument("--pairs", type=int, default=100)
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--split", choices=("tuning", "test"), default="test")
    options = parser.parse_args()
    ensemble = load_ensemble(Workspace.find(options.workspace) if options.workspace else None)
    songs = held_out(Dataset.open(options.dataset), options.split, options.songs)
    show_table(reconstruction(ensemble, songs))
    if isinstance(ensemble, ArrangerBand):
        show_table(variation(ensemble, songs[:20]))
    show_table(interpolation(ensemble, songs, options.pairs, options.steps))


if __name__ == "__main__":
    main()
