"""Finds the segment a song starts from: in the held-out songs of a dataset, by name, or in a MIDI file."""

import random
from pathlib import Path

from pianoroll_vae.bundled.bundle import BUNDLED
from pianoroll_vae.errors import FileUnreadable, NothingFound
from pianoroll_vae.models.openings import load_openings
from pianoroll_vae.music.band import LPD5, Band
from pianoroll_vae.music.dataset import Dataset, SongEntry
from pianoroll_vae.music.grid import Grid
from pianoroll_vae.music.midi import read_midi
from pianoroll_vae.music.primer import first_full_segment
from pianoroll_vae.music.song import Song
from pianoroll_vae.workspace import DATASET, Workspace

RANDOM = "random"
MIDI_SUFFIXES = (".mid", ".midi", ".kar")


def find_primers(workspace: Workspace | None, asked: str, seeds: list[int], band: Band, grid: Grid) -> list[Song]:
    """A primer for each seed: of the same song where one was asked for, else each of a held-out song of its own.

    Where there is no dataset, songs start from openings that the bundled band has written itself.
    """
    if Path(asked).suffix.lower() in MIDI_SUFFIXES:
        song = read_midi(Path(asked), band, grid.steps_per_beat)
        return [first_full_segment(song, grid.segment_steps)] * len(seeds)
    if workspace is None or (asked == RANDOM and not workspace.path(DATASET).is_file()):
        return _openings(asked, seeds, band)
    dataset = Dataset.open(workspace.require(DATASET))
    if dataset.band != band:
        raise NothingFound(
            f"The dataset holds songs of the band {dataset.band.name}, and it is {band.name} that plays.",
            "Train a band on it (vaemusic train), or name a song to start from: --primer FILE.mid.",
        )
    chosen = _held_out(dataset, seeds) if asked == RANDOM else [_named(dataset, asked)] * len(seeds)
    # A dataset made for another recipe may lie on another grid than the band's.
    songs = {index: dataset.song(index).regrid(grid.steps_per_beat, grid.rounding) for index in set(chosen)}
    primers = {index: first_full_segment(song, grid.segment_steps) for index, song in songs.items()}
    return [primers[index] for index in chosen]


def _openings(asked: str, seeds: list[int], band: Band) -> list[Song]:
    if asked != RANDOM:
        raise NothingFound(
            f"There is no workspace whose dataset could hold the song '{asked}'.",
            "Name a MIDI file, leave --primer out, or work in a workspace: vaemusic init.",
        )
    if band != LPD5:
        raise NothingFound(
            f"There is no opening for the band {band.name}.", "Name a song to start from: --primer FILE.mid."
        )
    openings = load_openings(BUNDLED.openings)
    return [openings[index] for index in _draw(list(range(len(openings))), seeds)]


def _held_out(dataset: Dataset, seeds: list[int]) -> list[int]:
    """A song for each seed, none twice while there are others: of the test songs if there are any in which all play."""
    playable = [i for i, song in enumerate(dataset.songs) if song.steps >= dataset.segment_steps and any(song.notes)]
    held_out = [i for i in playable if dataset.songs[i].split != "train"]
    complete = [i for i in held_out if all(dataset.songs[i].notes)]
    final = [i for i in complete if dataset.songs[i].split == "test"]
    pool = final or complete or held_out
    if not pool:
        raise NothingFound(
            "The dataset holds no song kept out of training that could be a primer.",
            "Choose more songs (vaemusic filter, vaemusic preprocess), or name a song: --primer FILE.mid.",
        )
    return _draw(pool, seeds)


def _draw(pool: list[int], seeds: list[int]) -> list[int]:
    """One of `pool` for each seed, none twice while there are others."""
    taken: list[int] = []
    left = pool
    for seed in seeds:
        taken.append(random.Random(seed).choice(left))
        left = [index for index in left if index != taken[-1]] or pool
    return taken


def _named(dataset: Dataset, name: str) -> int:
    def is_it(song: SongEntry) -> bool:
        return name in (song.track_id, song.md5, *song.other_ids)

    found = next((index for index, song in enumerate(dataset.songs) if is_it(song)), None)
    if found is not None:
        return found
    if Path(name).exists():
        raise FileUnreadable(
            f"The primer {name} is no MIDI file.", f"Give a file ending in {', '.join(MIDI_SUFFIXES)}."
        )
    raise NothingFound(
        f"There is no song '{name}' in the dataset, and no such file.",
        "Name a track id or md5 of the selection, a MIDI file, or leave --primer out.",
    )
