"""What a player writes down while playing. Knows nothing of styles."""

from dataclasses import dataclass, field
from random import Random

LOUDEST = 112
TOUCH = 5
"""How far, in velocity, two strokes meant to be equally loud may differ."""

BREATH = 7
"""Steps of silence before the next note: a repeated note shows as one, and on a grid of eighths, where a note's last
step is rounded like its first, it does not reach into the next note."""


@dataclass
class Part:
    """One instrument's notes, (start, length, pitch, velocity) each, in steps."""

    touch: Random
    notes: list[tuple[int, int, int, int]] = field(default_factory=list)

    def add(self, start: int, length: int, pitch: int, loudness: float) -> None:
        """`loudness` 1.0 is a full stroke; `length` is what is written, and what sounds is a little shorter."""
        velocity = round(LOUDEST * loudness) + self.touch.randint(-TOUCH, TOUCH)
        sounding = max(length - BREATH, length // 2, 1)
        self.notes.append((start, sounding, pitch, min(127, max(20, velocity))))

    def chord(self, start: int, length: int, pitches: tuple[int, ...], loudness: float) -> None:
        for pitch in pitches:
            self.add(start, length, pitch, loudness)


def level(energy: float) -> float:
    """How loud a section of this energy is played."""
    return 0.55 + 0.45 * energy
