"""How near the drummer comes to real drummers, on songs it has not heard, beside what each drum does on average.

    python -m tests.bench.groove_accuracy WORKSPACE [--groove FILE] [--songs 1200]

WORKSPACE has a selection (`vaemusic filter --all --lpd DIR`); the drummer is the one that comes with vaemusic, or the
one in FILE. The averages are those of the songs it learned from. Songs are unheard when their music's md5 puts them
into the test split, or when they were not among those drawn for learning.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

from pianoroll_vae.console import SilentWatch, Table, show_table
from pianoroll_vae.models.groove.measures import completion, offset_errors, pattern_of, velocity_errors
from pianoroll_vae.models.groove.network import load_groove
from pianoroll_vae.models.groove.training_data import gather
from pianoroll_vae.music.selection import SelectedSong, read_selection
from pianoroll_vae.music.song import Song
from pianoroll_vae.stages.groove import BUNDLED
from pianoroll_vae.stages.train_groove import DRUMS, by_split, rhythms, songs_of
from pianoroll_vae.workspace import SELECTION, Workspace


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("workspace", type=Path)
    parser.add_argument("--groove", type=Path, default=BUNDLED)
    parser.add_argument("--songs", type=int, default=1200)
    asked = parser.parse_args()
    selection = Workspace.find(asked.workspace).require(SELECTION)
    parts = by_split(selection)
    learned_from = {song.md5 for split in ("train", "valid") for song in parts[split]}  # type: ignore[index]
    unheard = [song for song in read_selection(selection) if song.md5 not in learned_from]
    unheard = sorted(unheard, key=lambda song: song.md5)[: asked.songs]
    groove = load_groove(asked.groove)
    with SilentWatch().task("", None, "") as task:

        def songs(chosen: list[SelectedSong]) -> Iterator[tuple[str, Song]]:
            return songs_of(chosen, task)

        learned = gather(songs(parts["train"]), DRUMS)
        straight = gather(songs(unheard), DRUMS, triplets=(False,))
        in_place = gather(songs(unheard), DRUMS, triplets=(True,))
        f1, pattern = completion(groove, pattern_of(learned), rhythms(unheard, task))
    rows = []
    for name, each in (
        ("velocity, songs with dynamics", velocity_errors(groove, learned, straight)),
        ("offset from the sixteenth, played songs", offset_errors(groove, learned, straight)),
        ("offset from the sixteenth, all songs", offset_errors(groove, learned, straight, everybody=True)),
        ("offset, triplets being in their places, played songs", offset_errors(groove, learned, in_place)),
    ):
        rows.append((name, each.ours, each.drum, each.place, each.middle, each.hits, each.songs))
    columns = ("mean absolute error", "ours", "drum's mean", "mean by place", "median by place", "hits", "songs")
    show_table(Table(f"{len(straight.names)} songs unheard", columns, rows))
    shares = f"dynamics in {straight.lively.mean():.0%} of the songs, timing in {straight.played.mean():.0%}"
    show_table(Table(shares, ("F1 of completed taps", "one pattern"), [(f1, pattern)]))


if __name__ == "__main__":
    main()
