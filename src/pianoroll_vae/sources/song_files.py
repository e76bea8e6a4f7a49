"""The worker job that reads the songs of a selection, npz or MIDI, onto one grid and packs them for a dataset.

Worker processes import this module, so it must not import PyTorch.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pianoroll_vae.music.band import Band
from pianoroll_vae.music.midi_score import MAX_SONG_BEATS
from pianoroll_vae.music.note_columns import PackedBatch, pack
from pianoroll_vae.music.notes import Rounding
from pianoroll_vae.music.song import Song
from pianoroll_vae.sources.dropped import UNREADABLE
from pianoroll_vae.sources.worker_pool import ReadFailure

SILENT, TOO_SHORT, ABSENT = "no notes", "shorter than a segment", "an instrument is absent"
TOO_LONG = f"longer than {MAX_SONG_BEATS:,} beats"


@dataclass(frozen=True)
class DropReason:
    """Why a song was dropped."""

    reason: str
    detail: str


@dataclass(frozen=True)
class PackSongs:
    """Reads the files of a batch into one packed batch, without the songs that do not fit."""

    band: Band
    steps_per_beat: int
    segment_steps: int
    velocities: bool
    absent: Literal["silence", "drop"]
    rounding: Rounding

    def read(self, path: str) -> Song | DropReason:
        """The song in a file, or why it is dropped."""
        song = read_song(Path(path), self.band, self.steps_per_beat, self.rounding)
        playing = {int(instrument) for instrument in set(song.notes.instrument.tolist())}
        absent = [name for index, name in enumerate(self.band.names) if index not in playing]
        if not playing:
            return DropReason(SILENT, "no track belongs to an instrument of the band, or all are silent")
        if song.steps < self.segment_steps:
            return DropReason(TOO_SHORT, f"{song.steps} of {self.segment_steps} steps")
        if song.steps > MAX_SONG_BEATS * self.steps_per_beat:
            return DropReason(TOO_LONG, f"{song.beats:,.0f} beats")
        if absent and self.absent == "drop":
            return DropReason(ABSENT, ", ".join(absent))
        return song

    def pack(
        self, paths: Sequence[str], parts: Sequence[Song | DropReason | ReadFailure]
    ) -> tuple[PackedBatch, list[DropReason | None]]:
        """The songs that are kept, and for each path None or why it was dropped."""
        songs = [part for part in parts if isinstance(part, Song)]
        reasons = [DropReason(UNREADABLE, part.reason) if isinstance(part, ReadFailure) else part for part in parts]
        return pack(songs, self.velocities), [None if isinstance(part, Song) else part for part in reasons]


def read_song(path: Path, band: Band, steps_per_beat: int, rounding: Rounding) -> Song:
    """The song in an npz or MIDI file on the grid; `rounding` is for npz, MIDI ticks go to the nearest step."""
    if path.suffix.lower() == ".npz":
        from pianoroll_vae.sources.lakh import read_lakh

        return read_lakh(path, band, steps_per_beat, rounding)
    from pianoroll_vae.music.midi import read_midi

    return read_midi(path, band, steps_per_beat)
