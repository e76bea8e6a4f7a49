"""The guitarist: chords, chops, boogies, riffs and picking, each over whatever chord the bar holds."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random

from pianoroll_vae.music.resolution import FINE_STEPS_PER_BEAT
from pianoroll_vae.sources.sample_corpus.form import EIGHTH, Measure, Plan
from pianoroll_vae.sources.sample_corpus.harmony import SCALES, Chord, nearest, voice
from pianoroll_vae.sources.sample_corpus.score import Part, level

LOWEST, HIGHEST = 40, 76
SIXTEENTH = FINE_STEPS_PER_BEAT // 4


@dataclass
class Hands:
    plan: Plan
    part: Part
    shape: tuple[int, ...] = ()
    """The voicing the left hand holds; the next one is found near it."""

    def grip(self, chord: Chord, count: int) -> tuple[int, ...]:
        self.shape = voice(chord.colour(count), self.shape, 52, 71)
        return self.shape


Style = Callable[[Hands, Measure, Random, Random], None]
"""Plays one bar, given the chance of the section's kind (the material) and of this take (its variation)."""


def play(plan: Plan, part: Part) -> None:
    """One style in the verses, and mostly another one in the loud sections."""
    styles = plan.rng("guitar", "style").sample(plan.genre.guitar, k=min(2, len(plan.genre.guitar)))
    hands = Hands(plan, part)
    for measure in plan.measures():
        section = measure.section
        style = STYLES[styles[-1] if section.kind in ("chorus", "solo", "bridge") else styles[0]]
        style(
            hands,
            measure,
            plan.rng("guitar", section.kind, measure.index % 2),
            plan.rng("guitar", section.kind, section.take, measure.index),
        )


def _boogie(hands: Hands, measure: Measure, material: Random, take: Random) -> None:
    """Root and fifth, root and sixth, in shuffled eighths on the low strings."""
    loudness = level(measure.section.energy) * 0.85
    for count in range(8):
        begin = hands.plan.eighth(measure, count)
        chord = measure.chord_at(begin - measure.start)
        root = nearest(chord.root, 45, LOWEST, 52)
        minor = chord.intervals[1] == 3
        upper = (7, 7, 10 if minor else 9, 7)[count // 2]
        length = 14 if count % 2 == 0 else 7
        accent = 0.95 if count % 4 == 2 else 0.8
        if count == 7 and take.random() < 0.25:
            continue
        hands.part.chord(begin, length, (root, root + upper), loudness * accent)


def _chops(hands: Hands, measure: Measure, material: Random, take: Random) -> None:
    """Short chords on two and four, with an answer off the beat."""
    loudness = level(measure.section.energy) * 0.9
    answer = material.choice((3, 5, 7))
    for count in (2, answer, 6):
        if count == answer and take.random() < 0.3:
            continue
        begin = hands.plan.eighth(measure, count)
        grip = hands.grip(measure.chord_at(begin - measure.start), 3)
        hands.part.chord(begin, 9, grip, loudness * (1.0 if count in (2, 6) else 0.75))


def _riff(hands: Hands, measure: Measure, material: Random, take: Random) -> None:
    """A riff of the pentatonic scale: stated in one bar, answered in the next, moved to the root of every chord."""
    loudness = level(measure.section.energy) * 0.95
    minor = measure.chords[0].intervals[1] == 3
    intervals = SCALES["minor pentatonic" if minor else "major pentatonic"]
    line = (*intervals, 12)
    place = 0
    for count in _riff_rhythm(material):
        begin = hands.plan.eighth(measure, count)
        chord = measure.chord_at(begin - measure.start)
        place = 0 if count == 0 else min(len(line) - 1, max(0, place + material.choice((-1, 1, 1, 2, -2))))
        root = nearest(chord.root, 48, LOWEST + 2, 54)
        # on the beats a note of the chord, between them whatever the scale has
        pitch = root + line[place]
        if count % 4 == 0:
            pitch = nearest(chord.tones[place % 3], pitch, LOWEST, HIGHEST)
        if measure.index % 8 == 7 and take.random() < 0.3:
            pitch = min(pitch + 12, HIGHEST)
        hands.part.add(begin, 10, pitch, loudness * (1.0 if count % 4 == 0 else 0.82))


def _riff_rhythm(material: Random) -> tuple[int, ...]:
    return material.choice(((0, 2, 3, 5, 6), (0, 1, 3, 4, 6, 7), (0, 3, 4, 6, 7), (0, 2, 3, 4, 7)))


def _power(hands: Hands, measure: Measure, material: Random, take: Random) -> None:
    """Root and fifth: muted eighths in the verse, ringing and pushed in the chorus."""
    loudness = level(measure.section.energy) * 0.95
    ringing = measure.section.energy >= 0.8
    rhythm = material.choice(((0, 3, 6), (0, 3, 4, 7), (0, 2, 3, 6))) if ringing else tuple(range(8))
    for place, count in enumerate(rhythm):
        chord = measure.chord_at(count * EIGHTH)
        root = nearest(chord.root, 45, LOWEST, 52)
        next_count = rhythm[place + 1] if place + 1 < len(rhythm) else 8
        length = (next_count - count) * EIGHTH if ringing else 6
        pitches = (root, root + 7, root + 12) if ringing else (root, root + 7)
        accent = 1.0 if count % 4 == 0 or ringing else 0.72
        hands.part.chord(measure.start + count * EIGHTH, length, pitches, loudness * accent)


def _picking(hands: Hands, measure: Measure, material: Random, take: Random) -> None:
    """Broken chords in eighths: thumb on the root, fingers in an order that the section keeps."""
    loudness = level(measure.section.energy) * 0.85
    order = material.choice(((0, 2, 3, 1, 2, 3, 1, 2), (0, 1, 2, 3, 0, 3, 2, 1), (0, 2, 1, 3, 0, 2, 1, 3)))
    for count, finger in enumerate(order):
        chord = measure.chord_at(count * EIGHTH)
        strings = (nearest(chord.root, 48, LOWEST + 2, 55), *voice(chord.tones[:3], (), 55, 71))
        pitch = strings[finger]
        if count == 6 and take.random() < 0.2:
            pitch = strings[3]
        length = 24 if finger == 0 else 18
        hands.part.add(measure.start + count * EIGHTH, length, pitch, loudness * (1.0 if count % 4 == 0 else 0.8))


def _four_to_the_bar(hands: Hands, measure: Measure, material: Random, take: Random) -> None:
    """Shell voicings on every beat, two and four a little stronger."""
    loudness = level(measure.section.energy) * 0.72
    for beat in range(4):
        chord = measure.chord_at(beat * FINE_STEPS_PER_BEAT)
        root = nearest(chord.root, 50, 43, 55)
        shell = (root, *(nearest(tone, root + 8, root + 3, root + 14) for tone in chord.colour(2)))
        accent = 1.0 if beat % 2 else 0.85
        hands.part.chord(measure.start + beat * FINE_STEPS_PER_BEAT, 16, tuple(sorted(set(shell))), loudness * accent)


def _charleston(hands: Hands, measure: Measure, material: Random, take: Random) -> None:
    """On one and the push after two, now and then displaced."""
    loudness = level(measure.section.energy) * 0.82
    rhythm = material.choice(((0, 3), (1, 4), (0, 3, 6), (3, 7)))
    if take.random() < 0.2:
        rhythm = (*rhythm[:1], 5)
    for place, count in enumerate(rhythm):
        begin = hands.plan.eighth(measure, count)
        grip = hands.grip(measure.chord_at(begin - measure.start), 4 if measure.section.energy > 0.7 else 3)
        hands.part.chord(begin, 18 if place == 0 else 9, grip, loudness * (1.0 if place == 0 else 0.85))


def _boom_chick(hands: Hands, measure: Measure, material: Random, take: Random) -> None:
    """Bass string on one and three, the chord on two and four, an upstroke after some of them."""
    loudness = level(measure.section.energy) * 0.88
    for beat in range(4):
        begin = measure.start + beat * FINE_STEPS_PER_BEAT
        chord = measure.chord_at(beat * FINE_STEPS_PER_BEAT)
        if beat % 2 == 0:
            tone = chord.root if beat == 0 or len(measure.chords) > 1 else chord.fifth
            hands.part.add(begin, 20, nearest(tone, 46, LOWEST, 54), loudness)
            continue
        grip = hands.grip(chord, 3)
        hands.part.chord(begin, 12, grip, loudness * 0.85)
        if take.random() < 0.6:
            hands.part.chord(begin + EIGHTH, 9, grip[1:], loudness * 0.6)


def _skank(hands: Hands, measure: Measure, material: Random, take: Random) -> None:
    """Small high chords in a pattern of sixteenths, tight and short."""
    loudness = level(measure.section.energy) * 0.85
    pattern = material.choice(("..x.x..x..x.x...", "....x.x.....x.xx", "x..x..x...x.x..."))
    for cell, stroke in enumerate(pattern):
        if stroke == "." or (cell % 4 and take.random() < 0.1):
            continue
        grip = hands.grip(measure.chord_at(cell * SIXTEENTH), 3)
        hands.part.chord(measure.start + cell * SIXTEENTH, 6, grip, loudness * (1.0 if cell % 4 == 0 else 0.8))


STYLES: Mapping[str, Style] = {
    "boogie": _boogie,
    "chops": _chops,
    "riff": _riff,
    "power": _power,
    "picking": _picking,
    "four to the bar": _four_to_the_bar,
    "charleston": _charleston,
    "boom-chick": _boom_chick,
    "skank": _skank,
}
