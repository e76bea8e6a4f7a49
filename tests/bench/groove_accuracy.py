"""Errors of a groove model on held-out songs, with averages by key and slot as baselines.

    python -m tests.bench.groove_accuracy WORKSPACE [--groove FILE] [--songs 1200]

WORKSPACE has a selection (`vaemusic filter --all --lpd DIR`); the model is the bundled one, or that in FILE. The
baselines are averages over the training songs. Held-out songs are those of the test split and those that were not
sampled for training.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from pianoroll_vae.console import Table, show_table
from pianoroll_vae.models.groove.groove import load_groove
from pianoroll_vae.models.groove.metrics import best_repeated_bar, completion_f1, offset_errors, velocity_errors
from pianoroll_vae.models.groove.training_data import gather
from pianoroll_vae.music.selection import read_selection
from pianoroll_vae.progress import SilentWatch
from pianoroll_vae.stages.groove import BUNDLED_GROOVE, DRUMS_INDEX
from pianoroll_vae.stages.train_groove import read_rhythms, read_songs, songs_by_split
from pianoroll_vae.workspace import SELECTION, Workspace


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("workspace", type=Path)
    parser.add_argument("--groove", type=Path, default=BUNDLED_GROOVE)
    parser.add_argument("--songs", type=int, default=1200)
    arguments = parser.parse_args()
    selection = Workspace.find(arguments.workspace).require(SELECTION)
    splits = songs_by_split(selection)
    seen = {song.md5 for split in (splits["train"], splits["valid"]) for song in split}
    held_out = [song for song in read_selection(selection) if song.md5 not in seen]
    held_out = sorted(held_out, key=lambda song: song.md5)[: arguments.songs]
    groove = load_groove(arguments.groove)
    with SilentWatch().task("", None, "") as task:
        training = gather(read_songs(splits["train"], task), DRUMS_INDEX)
        on_sixteenths = gather(read_songs(held_out, task), DRUMS_INDEX, triplets=(False,))
        on_triplets = gather(read_songs(held_out, task), DRUMS_INDEX, triplets=(True,))
        f1, repeated_bar_f1 = completion_f1(groove, best_repeated_bar(training), read_rhythms(held_out, task))
    rows = []
    for name, errors in (
        ("velocity, songs with dynamics", velocity_errors(groove, training, on_sixteenths)),
        ("offset from the sixteenth, songs with timing", offset_errors(groove, training, on_sixteenths)),
        ("offset from the sixteenth, all songs", offset_errors(groove, training, on_sixteenths, all_songs=True)),
        ("offset from sixteenths and triplets, songs with timing", offset_errors(groove, training, on_triplets)),
    ):
        baselines = errors.key_mean, errors.slot_mean, errors.slot_median
        rows.append((name, errors.model, *baselines, errors.hits, errors.songs))
    columns = (
        "mean absolute error",
        "model",
        "mean by key",
        "mean by key, slot",
        "median by key, slot",
        "hits",
        "songs",
    )
    show_table(Table(f"{len(on_sixteenths.names)} held-out songs", columns, rows))
    dynamics, timing = on_sixteenths.has_dynamics.mean(), on_sixteenths.has_timing.mean()
    shares = f"dynamics in {dynamics:.0%} of the songs, timing in {timing:.0%}"
    show_table(Table(shares, ("F1 of hits added to taps", "of one repeated bar"), [(f1, repeated_bar_f1)]))


if __name__ == "__main__":
    main()
