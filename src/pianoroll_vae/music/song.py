"""A whole piece: the band's notes on a grid, with tempo, meter and name."""

from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from pianoroll_vae.music.band import Band
from pianoroll_vae.music.key import Key
from pianoroll_vae.music.notes import Notes, Onsets, Rolls, Rounding, round_steps

DEFAULT_TEMPO = 120.0
MIN_TEMPO, MAX_TEMPO = 4.0, 1000.0
"""Beats a minute, the range of --tempo; the slowest of MIDI is 3.6."""

Change = TypeVar("Change", tuple[int, float], tuple[int, int, int])


@dataclass(frozen=True, repr=False)
class Song:
    """Notes of all instruments over `steps` grid steps."""

    band: Band
    notes: Notes
    steps: int
    steps_per_beat: int
    tempo: tuple[tuple[int, float], ...] = ((0, DEFAULT_TEMPO),)
    """(step, beats a minute) from that step on; ascending, the first at step 0."""

    meters: tuple[tuple[int, int, int], ...] = ((0, 4, 4),)
    """(step, numerator, denominator) from that step on; ascending, the first at step 0."""

    name: str = ""
    key_signature: Key | None = None
    """The key that the song's MIDI file names. Many programs write a major key where none was chosen, or a major key
    for its relative minor: see `chart_reading.find_key`."""

    @staticmethod
    def from_rolls(
        band: Band,
        rolls: Rolls,
        steps_per_beat: int,
        onsets: Onsets | None = None,
        tempo: float = DEFAULT_TEMPO,
        name: str = "",
    ) -> "Song":
        """A song of (instruments, steps, 128) velocities, in one tempo; `onsets` as in `Notes.from_rolls`."""
        notes = Notes.from_rolls(rolls, onsets)
        return Song(band, notes, rolls.shape[1], steps_per_beat, tempo=((0, tempo),), name=name)

    def __repr__(self) -> str:
        """A line for the Python prompt, where all the columns of the notes would fill the screen."""
        name = f" {self.name!r}" if self.name else ""
        return f"<Song{name}: {len(self.notes):,} notes in {self.beats:g} beats>"

    def rolls(self) -> Rolls:
        """(instruments, steps, 128) velocities."""
        return self.notes.rolls(len(self.band), self.steps)

    def onsets(self) -> Onsets:
        """(instruments, steps, 128): True where a note begins."""
        return self.notes.onsets(len(self.band), self.steps)

    @property
    def beats(self) -> float:
        return self.steps / self.steps_per_beat

    @property
    def seconds(self) -> float:
        """How long the song lasts, through all its tempo changes."""
        starts = np.array([step for step, _ in self.tempo])
        lengths = np.diff(np.append(np.minimum(starts, self.steps), self.steps))
        beats_per_minute = np.array([bpm for _, bpm in self.tempo])
        return float((lengths / self.steps_per_beat * 60 / beats_per_minute).sum())

    def between(self, start: int, stop: int) -> "Song":
        """The part [start, stop) as a song of its own, in the tempo and meter that hold there."""
        tempo = ((0, _holds(self.tempo, start)[1]), *((s - start, bpm) for s, bpm in self.tempo if start < s < stop))
        _, over, under = _holds(self.meters, start)
        meters = ((0, over, under), *((s - start, n, d) for s, n, d in self.meters if start < s < stop))
        return replace(self, notes=self.notes.between(start, stop), steps=stop - start, tempo=tempo, meters=meters)

    def regrid(self, steps_per_beat: int, rounding: Rounding = "touched") -> "Song":
        """The same song on another grid, rounded as in `Notes.regrid`."""
        if steps_per_beat == self.steps_per_beat:
            return self
        factor = steps_per_beat / self.steps_per_beat
        notes = self.notes.regrid(self.steps_per_beat, steps_per_beat, rounding)
        steps = max(int(round_steps(self.steps * factor)), int(notes.end.max(initial=0)))
        # a dictionary keeps the last of several changes that fall on one step
        tempo = {int(round_steps(step * factor)): bpm for step, bpm in self.tempo}
        meters = {int(round_steps(step * factor)): (over, under) for step, over, under in self.meters}
        return replace(
            self,
            notes=notes,
            steps=steps,
            steps_per_beat=steps_per_beat,
            tempo=tuple(tempo.items()),
            meters=tuple((step, *meter) for step, meter in meters.items()),
        )


def _holds(changes: tuple[Change, ...], step: int) -> Change:
    """The change that is in force at a step."""
    return [change for change in changes if change[0] <= step][-1]
