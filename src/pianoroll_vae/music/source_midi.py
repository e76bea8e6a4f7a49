"""What a musician brings: a MIDI file, tick by tick as it is and on a grid as the band would play it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from pianoroll_vae.music.band import LPD5, Band
from pianoroll_vae.music.midi import assign_to_band, assign_tracks
from pianoroll_vae.music.midi_events import MidiEvents
from pianoroll_vae.music.midi_score import MidiScore, parse_midi, read_file
from pianoroll_vae.music.midi_tracks import Track, split_tracks
from pianoroll_vae.music.notes import Column
from pianoroll_vae.music.resolution import FINE_STEPS_PER_BEAT
from pianoroll_vae.music.song import Song


@dataclass(frozen=True, eq=False)
class SourceMidi:
    """A MIDI file in a band's chairs. The columns have one entry for each of the file's notes."""

    events: MidiEvents
    score: MidiScore
    band: Band
    chairs: Column
    """(notes,): who plays each note, -1 where nobody does."""

    @staticmethod
    def read(path: Path, band: Band = LPD5, all_as: str | None = None) -> SourceMidi:
        """The sketch in a file; with `all_as`, every note of it is that instrument's."""
        return SourceMidi.of_bytes(read_file(path), band, all_as, str(path))

    @staticmethod
    def of_bytes(
        data: bytes, band: Band = LPD5, all_as: str | None = None, source: str = "The MIDI file"
    ) -> SourceMidi:
        events, score = parse_midi(data, source)
        chairs = assign_tracks(score, band) if all_as is None else np.full(len(score), band.index(all_as))
        return SourceMidi(events, score, band, chairs)

    @cached_property
    def song(self) -> Song:
        """The music at 24 steps a beat."""
        return assign_to_band(self.score, self.band, FINE_STEPS_PER_BEAT, self.chairs)

    @cached_property
    def tracks(self) -> list[Track]:
        return split_tracks(self.events)

    @property
    def players(self) -> tuple[str, ...]:
        """Who plays a note, in the band's order."""
        return tuple(name for index, name in enumerate(self.band.names) if (self.chairs == index).any())

    @cached_property
    def programs(self) -> dict[str, int]:
        """The program of most notes of each pitched instrument that plays."""
        played = {name: self.score.program[self.chairs == self.band.index(name)] for name in self.players}
        drums = {instrument.name for instrument in self.band if instrument.is_drum}
        return {name: int(np.bincount(row).argmax()) for name, row in played.items() if name not in drums}

    def channel(self, chair: int) -> int | None:
        """The channel of most notes of a chair."""
        channels = self.score.channel[self.chairs == chair]
        return int(np.bincount(channels).argmax()) if len(channels) else None

    def beat_of_notes(self) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        """(notes,): where each note of the file begins, in beats."""
        return self.score.start / self.score.ticks_per_beat
