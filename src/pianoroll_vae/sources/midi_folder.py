"""Lists a folder of MIDI files and identifies each song by its notes.

The genre of a file is the top-level subfolder it is in (`midi/blues/live/song.mid` is blues). Files with the same notes
are the same song, whatever else differs in their bytes. The files are untrusted.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pianoroll_vae.errors import FileUnreadable
from pianoroll_vae.music.midi import assign_to_band, band_of
from pianoroll_vae.music.midi_score import MIDI_SUFFIXES, load_score
from pianoroll_vae.music.resolution import FINE_STEPS_PER_BEAT
from pianoroll_vae.paths import is_folder
from pianoroll_vae.sources.dropped import DroppedFiles
from pianoroll_vae.sources.folders import files_under
from pianoroll_vae.sources.genres import normalize_term
from pianoroll_vae.sources.worker_pool import ReadFailure


@dataclass(frozen=True, order=True)
class MidiFile:
    """A file and its genre, which is empty if the file is not in a subfolder."""

    path: str
    genre: str


@dataclass(frozen=True)
class MidiSong:
    """A song. `md5` is the digest of its notes and their General MIDI programs."""

    md5: str
    title: str
    notes: int
    seconds: float
    unread: str = ""
    """What of the file is not read."""


@dataclass(frozen=True)
class IdentifyMidi:
    """The worker job that reads the songs of files."""

    def read(self, file: MidiFile) -> MidiSong:
        path = Path(file.path)
        score = load_score(path)
        song = assign_to_band(score, band_of(score), FINE_STEPS_PER_BEAT)
        programs = np.array([instrument.program + 128 * instrument.is_drum for instrument in song.band], np.uint8)
        digest = hashlib.md5(usedforsecurity=False)
        for column in (programs[song.notes.instrument], *song.notes.columns[1:]):
            digest.update(np.ascontiguousarray(column).tobytes())
        return MidiSong(
            digest.hexdigest(), song.name or path.stem, len(song.notes), song.seconds, "; ".join(score.unread)
        )

    def pack(
        self, files: Sequence[MidiFile], parts: Sequence[MidiSong | ReadFailure]
    ) -> list[tuple[MidiFile, MidiSong | ReadFailure]]:
        """Each file with its song."""
        return list(zip(files, parts, strict=True))


def list_midi(root: Path, dropped: DroppedFiles) -> Iterator[MidiFile]:
    """Every MIDI file under `root`, in no particular order; other files are added to `dropped`."""
    if not is_folder(root):
        raise FileUnreadable(f"{root} is not a folder.", "Name a folder of MIDI files: vaemusic import DIR.")
    for entry in files_under(root, dropped):
        if entry.name.lower().endswith(MIDI_SUFFIXES):
            folders = Path(entry.path).relative_to(root).parts[:-1]
            yield MidiFile(entry.path, normalize_term(folders[0]) if folders else "")
        elif not entry.name.startswith("."):
            dropped.add(entry.path, "not a MIDI file")
