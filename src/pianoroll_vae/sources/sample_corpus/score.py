"""The part of one instrument: a list of notes with humanised velocities."""

from dataclasses import dataclass, field
from random import Random

FULL_VELOCITY = 112
VELOCITY_SPREAD = 5
"""The greatest random change of a velocity."""

GAP_STEPS = 7
"""Steps of silence after each note, so that repeated notes stay apart, also on a grid of eighths, where the end of a
note is rounded like its beginning."""


@dataclass
class Part:
    """One instrument's notes, (start, length, pitch, velocity) each, in steps."""

    rng: Random
    notes: list[tuple[int, int, int, int]] = field(default_factory=list)

    def add(self, start: int, length: int, pitch: int, loudness: float) -> None:
        """`loudness`: 1.0 is the full velocity. `length`: steps as notated; the note sounds a little shorter."""
        velocity = round(FULL_VELOCITY * loudness) + self.rng.randint(-VELOCITY_SPREAD, VELOCITY_SPREAD)
        sounding = max(length - GAP_STEPS, length // 2, 1)
        self.notes.append((start, sounding, pitch, min(127, max(20, velocity))))

    def chord(self, start: int, length: int, pitches: tuple[int, ...], loudness: float) -> None:
        for pitch in pitches:
            self.add(start, length, pitch, loudness)


def level(energy: float) -> float:
    """The loudness of a section of this energy."""
    return 0.55 + 0.45 * energy
