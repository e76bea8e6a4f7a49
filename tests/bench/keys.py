"""How many songs of the practice corpus are found to be in the key in which they were composed.

    python -m tests.bench.keys [--songs 60]

By the notes alone, by notes and chords, and with a key signature that names the major key of the same scale, as many
programs write it; and in how many songs a major key and its relative minor are told apart.
"""

import argparse
from collections.abc import Callable
from dataclasses import replace

from pianoroll_vae.console import Cell, Table, show_table
from pianoroll_vae.music.chart_reading import find_key
from pianoroll_vae.music.key import Key, key_of_notes
from pianoroll_vae.music.song import Song
from pianoroll_vae.sources.sample_corpus.composer import compose
from pianoroll_vae.sources.sample_corpus.styles import GENRES


def with_major_signature(song: Song, key: Key) -> Song:
    return replace(song, key_signature=key.relative if key.is_minor else key)


FINDERS: dict[str, Callable[[Song, Key], Key | None]] = {
    "notes alone": lambda song, key: key_of_notes(song.notes, song.band.drums),
    "notes and chords": lambda song, key: find_key(song),
    "with a major key signature": lambda song, key: find_key(with_major_signature(song, key)),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--songs", type=int, default=60, help="songs of each genre")
    arguments = parser.parse_args()
    songs: list[tuple[Song, Key]] = []
    for genre in GENRES:
        for number in range(arguments.songs):
            composition = compose(genre, number, seed=7)
            songs.append((composition.song, Key(composition.plan.tonic, composition.plan.mode)))
    rows: list[tuple[Cell, ...]] = []
    for name, find in FINDERS.items():
        for mode in ("minor", "major"):
            own = [(song, key) for song, key in songs if key.scale == mode]
            found = [(find(song, key), key) for song, key in own]
            right = sum(one == key for one, key in found)
            told = sum(one is not None and one.is_minor == key.is_minor for one, key in found)
            rows.append((name, mode, str(len(own)), str(right), str(told)))
    show_table(Table("Keys that are found", ("by", "mode", "songs", "right", "mode right"), rows))


if __name__ == "__main__":
    main()
