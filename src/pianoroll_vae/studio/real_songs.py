"""Songs that people made, to compare with generated ones: held-out songs of the workspace, and dropped files."""

import random
from collections.abc import Iterator
from pathlib import Path

from pianoroll_vae.errors import NothingFound, VaemusicError
from pianoroll_vae.music.band import Band
from pianoroll_vae.music.song import Song
from pianoroll_vae.music.source_midi import SourceMidi
from pianoroll_vae.paths import is_file
from pianoroll_vae.studio.session import Session
from pianoroll_vae.studio.trials import EXCERPT_BARS, Origin, is_comparable
from pianoroll_vae.workspace import DATASET, Workspace

DROPPED = "Dropped: "
"""Begins the label of a take that was dropped onto the page."""

HELD_OUT = "test"
TRIES = 20


def choose_real_song(workspace: Workspace | None, session: Session, band: Band) -> tuple[Song, Origin]:
    """A random song that is long enough."""
    for song, title in _candidates(workspace, session, band):
        if is_comparable(song):
            return song, Origin(title)
    raise NothingFound(
        "There is no real song to compare with.",
        f"Drop a MIDI file of {EXCERPT_BARS} bars or more in 4/4 onto the studio's page.",
    )


def _candidates(workspace: Workspace | None, session: Session, band: Band) -> Iterator[tuple[Song, str]]:
    rng = random.SystemRandom()
    if workspace is not None and is_file(workspace.path(DATASET)):
        yield from _held_out(workspace.path(DATASET), rng)
    dropped = [take for take in session.takes.values() if take.label.startswith(DROPPED)]
    for take in rng.sample(dropped, len(dropped)):
        try:
            yield SourceMidi.read(session.path(take.number), band).song, take.label.removeprefix(DROPPED)
        except VaemusicError:
            continue


def _held_out(path: Path, rng: random.Random) -> Iterator[tuple[Song, str]]:
    from pianoroll_vae.music.dataset import Dataset

    dataset = Dataset.open(path)
    places = [place for place, song in enumerate(dataset.songs) if song.split == HELD_OUT]
    for place in rng.sample(places, min(len(places), TRIES)):
        entry = dataset.songs[place]
        yield dataset.song(place), " – ".join(filter(None, (entry.artist, entry.title))) or entry.md5
