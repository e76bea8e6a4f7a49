"""Teaches a drummer velocities, timing and completion from the selection's songs, and measures it on held-out ones."""

import hashlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from pianoroll_vae.console import Task, Watch
from pianoroll_vae.errors import NothingFound, VaemusicError
from pianoroll_vae.models.groove.measures import (
    Errors,
    completion,
    fitting_thresholds,
    offset_errors,
    pattern_of,
    velocity_errors,
)
from pianoroll_vae.models.groove.network import save_groove
from pianoroll_vae.models.groove.trainer import EPOCHS, learn
from pianoroll_vae.models.groove.training_data import FEWEST_HITS, GrooveTrainingData, gather
from pianoroll_vae.music.band import LPD5
from pianoroll_vae.music.drum_rhythm import STEPS_PER_BEAT, Rhythm, played_rhythm
from pianoroll_vae.music.selection import SelectedSong, read_selection
from pianoroll_vae.music.song import Song
from pianoroll_vae.music.splits import Split, split_songs
from pianoroll_vae.sources.song_files import read_song
from pianoroll_vae.workspace import SELECTION, Artifact, Workspace

GROOVE = Artifact("groove", "models/groove/best.safetensors", "vaemusic train groove", (SELECTION,))
MOST_SONGS = 6000
"""Of a larger selection as many are drawn: more no longer teach much."""

MOST_COMPLETED = 150
"""Songs whose drums are completed, to measure that."""

DRUMS = LPD5.index("drums")


@dataclass(frozen=True)
class GrooveFigures:
    """How well the drummer plays what it has not heard."""

    songs: int
    """Learned from: those with drums."""

    lively: float
    """The share of them that has dynamics to learn."""

    played: float
    """The share of them whose timing is not a grid's."""

    velocity: Errors
    offset: Errors
    offset_everywhere: Errors
    """Over all held-out songs, stiff ones too."""

    completion_f1: float
    pattern_f1: float

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def run(workspace: Workspace, seed: int, watch: Watch) -> GrooveFigures:
    """Teach a drummer and write it, with its figures, into the workspace."""
    parts = by_split(workspace.require(SELECTION))
    with workspace.lock():
        with watch.task("Listening to drums", sum(map(len, parts.values())), "songs") as task:
            data = gather(songs_of(parts["train"], task), DRUMS)
            valid = gather(songs_of(parts["valid"], task), DRUMS, triplets=(False,))
            test = gather(songs_of(parts["test"], task), DRUMS, triplets=(False,))
        _check(data, valid, test)
        with watch.task("Training groove", EPOCHS * len(data), "slots") as task:
            groove = learn(data, seed, task.advance)
        groove = replace(groove, thresholds=fitting_thresholds(groove, valid))
        with watch.task("Playing held-out songs", None, "songs") as task:
            f1, pattern = completion(groove, pattern_of(data), rhythms(parts["test"], task))
        figures = GrooveFigures(
            songs=len(set(data.names)),
            lively=round(float(data.lively.mean()), 4),
            played=round(float(data.played.mean()), 4),
            velocity=velocity_errors(groove, data, test),
            offset=offset_errors(groove, data, test),
            offset_everywhere=offset_errors(groove, data, test, everybody=True),
            completion_f1=f1,
            pattern_f1=pattern,
        )
        save_groove(workspace.path(GROOVE), replace(groove, about=figures.as_dict()))
        workspace.record(GROOVE, {"seed": seed})
    return figures


def by_split(selection: Path) -> dict[Split, list[SelectedSong]]:
    """The songs by what they are for; of too many those that a hash of their music draws."""
    songs = sorted(read_selection(selection), key=lambda song: hashlib.sha256(song.md5.encode()).digest())[:MOST_SONGS]
    found: dict[Split, list[SelectedSong]] = {"train": [], "valid": [], "test": []}
    for song, split in zip(songs, split_songs([song.md5 for song in songs], 0), strict=True):
        found[split].append(song)
    return found


def songs_of(chosen: list[SelectedSong], task: Task) -> Iterator[tuple[str, Song]]:
    """The songs that can be read; what cannot has been reported when the dataset was made."""
    for known in chosen:
        task.advance(1)
        try:
            yield known.md5, read_song(Path(known.path), LPD5, STEPS_PER_BEAT, "nearest")
        except VaemusicError:
            continue


def rhythms(chosen: list[SelectedSong], task: Task) -> list[Rhythm]:
    """What the drummers of the first songs play, on sixteenths."""
    found = []
    for _, song in songs_of(chosen[:MOST_COMPLETED], task):
        if int((song.notes.instrument == DRUMS).sum()) >= FEWEST_HITS:
            found.append(played_rhythm(song, DRUMS, with_triplets=False))
    return found


def _check(data: GrooveTrainingData, valid: GrooveTrainingData, test: GrooveTrainingData) -> None:
    if not (data.lively.any() and data.played.any()):
        raise NothingFound(
            "No song of the selection has drums that were played rather than typed.",
            "Choose more songs (vaemusic filter), or leave it: a trained drummer comes with vaemusic.",
        )
    if not (len(valid) and test.lively.any() and test.played.any()):
        raise NothingFound("Too few songs have drums to measure the drummer on.", "Choose more songs: vaemusic filter.")
