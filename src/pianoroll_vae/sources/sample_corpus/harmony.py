"""Chords, scales and voicings of the sample corpus."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise, product

from pianoroll_vae.music.chords import CHORD_QUALITIES
from pianoroll_vae.music.key import SCALES

DEGREES = {"I": 0, "II": 2, "III": 4, "IV": 5, "V": 7, "VI": 9, "VII": 11}
CORPUS_SCALES = SCALES | {
    "major pentatonic": SCALES["pentatonic"],
    "minor blues": SCALES["blues"],
    "major blues": (0, 2, 3, 4, 7, 9, 10),
}
SYMBOL = re.compile(r"([b#]?)(VII|VI|V|IV|III|II|I)(maj7|m7b5|m7|m|dim7|6|7|)")


@dataclass(frozen=True)
class Chord:
    """`root`: a pitch class; `intervals`: semitones of the chord tones above it, root first."""

    root: int
    intervals: tuple[int, ...]

    @property
    def tones(self) -> tuple[int, ...]:
        return tuple((self.root + interval) % 12 for interval in self.intervals)

    @property
    def third(self) -> int:
        return self.tones[1]

    @property
    def fifth(self) -> int:
        return self.tones[2]

    def colour(self, count: int) -> tuple[int, ...]:
        """The `count` most characteristic tones of the chord; the root comes last, since the bass plays it."""
        third, fifth, root = self.tones[1], self.tones[2], self.tones[0]
        ranked = (third, self.tones[3], fifth, root) if len(self.tones) > 3 else (third, fifth, root)
        return ranked[:count]


Bar = tuple[Chord, ...]


def read_progression(text: str, tonic: int) -> tuple[Bar, ...]:
    """Bars from roman numerals above `tonic`: "I7 | IV7 | IIm7 V7" is three bars, the last shared by two chords."""
    return tuple(tuple(_read_chord(symbol, tonic) for symbol in bar.split()) for bar in text.split("|"))


def _read_chord(symbol: str, tonic: int) -> Chord:
    match = SYMBOL.fullmatch(symbol)
    if match is None:
        raise ValueError(f"not a chord symbol: {symbol!r}")
    accidental, degree, quality = match.groups()
    shift = {"": 0, "b": -1, "#": 1}[accidental]
    return Chord((tonic + DEGREES[degree] + shift) % 12, CHORD_QUALITIES[quality])


def scale_over(chord: Chord, tonic: int, scale: str) -> frozenset[int]:
    """The scale with the chord tones added, without their chromatic neighbours if a chord tone is outside of it."""
    tones = frozenset(chord.tones)
    key = {(tonic + degree) % 12 for degree in CORPUS_SCALES[scale]}
    foreign = tones - key
    clashing = {(tone + side) % 12 for tone in foreign for side in (-1, 1)} - tones
    return frozenset((key | tones) - clashing)


def ladder(classes: Iterable[int], low: int, high: int) -> list[int]:
    """All pitches of the given pitch classes from `low` up to and including `high`."""
    wanted = frozenset(classes)
    return [pitch for pitch in range(low, high + 1) if pitch % 12 in wanted]


def nearest(pitch_class: int, around: float, low: int, high: int) -> int:
    """The pitch of that class inside the register that lies nearest to `around`."""
    return min(ladder((pitch_class,), low, high), key=lambda pitch: abs(pitch - around))


def voice(classes: tuple[int, ...], before: tuple[int, ...], low: int, high: int) -> tuple[int, ...]:
    """Place one pitch a class in the register, moving as little as possible from the voicing `before`; ascending."""
    centre = (low + high) / 2

    def cost(pitches: tuple[int, ...]) -> float:
        ordered = sorted(pitches)
        if len(before) == len(ordered):
            movement = float(sum(abs(new - old) for new, old in zip(ordered, before, strict=True)))
        else:
            movement = 0.0
        close_intervals = sum(4.0 for lower, upper in pairwise(ordered) if upper - lower < 2)
        spread = max(0, ordered[-1] - ordered[0] - 12)
        return movement + close_intervals + 2.0 * spread + 0.3 * abs(sum(ordered) / len(ordered) - centre)

    options = [ladder((pitch_class,), low, high) for pitch_class in classes]
    best: tuple[int, ...] = min(map(tuple, product(*options)), key=cost)
    return tuple(sorted(best))
