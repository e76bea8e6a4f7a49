"""Finds the songs in a folder of anybody's MIDI files: which there are, which are the same, and what they are called.

A file's genre is the folder it lies in, the topmost below the one that is imported (`midi/blues/live/song.mid` is
blues). Two files of the same notes are one song, whatever else differs in their bytes. Nothing in a file is trusted.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pianoroll_vae.errors import FileUnreadable
from pianoroll_vae.music.midi import assign_to_band, band_of
from pianoroll_vae.music.midi_score import MIDI_SUFFIXES, load_score
from pianoroll_vae.sources.dropped import DroppedFiles
from pianoroll_vae.sources.folders import files_under
from pianoroll_vae.sources.genres import normalize_term
from pianoroll_vae.sources.worker_pool import ReadFailure

STEPS_PER_BEAT = 24
"""On this grid songs are compared: the finest that a dataset can have."""


@dataclass(frozen=True, order=True)
class MidiFile:
    """A file and the genre its folder names, empty where it lies in no folder."""

    path: str
    genre: str


@dataclass(frozen=True)
class MidiSong:
    """What a file holds. `md5` is of its music: the notes, and which instrument plays them."""

    md5: str
    title: str
    notes: int
    seconds: float


@dataclass(frozen=True)
class IdentifyMidi:
    """Reads each file as far as is needed to know which song it is."""

    def read(self, file: MidiFile) -> MidiSong:
        path = Path(file.path)
        score = load_score(path)
        song = assign_to_band(score, band_of(score), STEPS_PER_BEAT)
        sounds = np.array([instrument.program + 128 * instrument.is_drum for instrument in song.band], np.uint8)
        digest = hashlib.md5(usedforsecurity=False)
        for column in (sounds[song.notes.instrument], *song.notes.columns[1:]):
            digest.update(np.ascontiguousarray(column).tobytes())
        return MidiSong(digest.hexdigest(), song.name or path.stem, len(song.notes), song.seconds)

    def pack(
        self, files: Sequence[MidiFile], parts: Sequence[MidiSong | ReadFailure]
    ) -> list[tuple[MidiFile, MidiSong | ReadFailure]]:
        """Each file with what was found in it."""
        return list(zip(files, parts, strict=True))


def list_midi(root: Path, dropped: DroppedFiles) -> Iterator[MidiFile]:
    """Every MIDI file under `root`, in no particular order; other files go into `dropped`."""
    if not root.is_dir():
        raise FileUnreadable(f"{root} is no folder.", "Name a folder of MIDI files: vaemusic import DIR.")
    for entry in files_under(root, dropped):
        if entry.name.lower().endswith(MIDI_SUFFIXES):
            folders = Path(entry.path).relative_to(root).parts[:-1]
            yield MidiFile(entry.path, normalize_term(folders[0]) if folders else "")
        elif not entry.name.startswith("."):
            dropped.add(entry.path, "not a MIDI file")
