"""Writes the guitar part: strummed chords, chops, boogies, riffs and picking over the chords of the bar."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random

from pianoroll_vae.music.resolution import FINE_STEPS_PER_BEAT
from pianoroll_vae.sources.sample_corpus.form import EIGHTH, Measure, Plan
from pianoroll_vae.sources.sample_corpus.harmony import CORPUS_SCALES, Chord, nearest, voice
from pianoroll_vae.sources.sample_corpus.score import Part, level

LOWEST, HIGHEST = 40, 76
SIXTEENTH = FINE_STEPS_PER_BEAT // 4


@dataclass
class GuitarState:
    plan: Plan
    part: Part
    voicing_before: tuple[int, ...] = ()
    """The last voicing; the next one is chosen near it."""

    def voicing(self, chord: Chord, count: int) -> tuple[int, ...]:
        self.voicing_before = voice(chord.colour(count), self.voicing_before, 52, 71)
        return self.voicing_before


Style = Callable[[GuitarState, Measure, Random, Random], None]
"""Writes one bar. The first generator is the same in all repeats of a section, the second differs in each."""


def play(plan: Plan, part: Part) -> None:
    """One style in the verses, usually another one in loud sections."""
    styles = plan.rng("guitar", "style").sample(plan.genre.guitar, k=min(2, len(plan.genre.guitar)))
    state = GuitarState(plan, part)
    for measure in plan.measures():
        section = measure.section
        style = STYLES[styles[-1] if section.kind in ("chorus", "solo", "bridge") else styles[0]]
        style(
            state,
            measure,
            plan.rng("guitar", section.kind, measure.index % 2),
            plan.rng("guitar", section.kind, section.repeat, measure.index),
        )


def _boogie(state: GuitarState, measure: Measure, section_rng: Random, repeat_rng: Random) -> None:
    """Root and fifth, root and sixth, in shuffled eighths on the low strings."""
    loudness = level(measure.section.energy) * 0.85
    for count in range(8):
        begin = state.plan.eighth(measure, count)
        chord = measure.chord_at(begin - measure.start)
        root = nearest(chord.root, 45, LOWEST, 52)
        minor = chord.intervals[1] == 3
        upper = (7, 7, 10 if minor else 9, 7)[count // 2]
        length = 14 if count % 2 == 0 else 7
        accent = 0.95 if count % 4 == 2 else 0.8
        if count == 7 and repeat_rng.random() < 0.25:
            continue
        state.part.chord(begin, length, (root, root + upper), loudness * accent)


def _chops(state: GuitarState, measure: Measure, section_rng: Random, repeat_rng: Random) -> None:
    """Short chords on two and four, with an answer off the beat."""
    loudness = level(measure.section.energy) * 0.9
    answer = section_rng.choice((3, 5, 7))
    for count in (2, answer, 6):
        if count == answer and repeat_rng.random() < 0.3:
            continue
        begin = state.plan.eighth(measure, count)
        voicing = state.voicing(measure.chord_at(begin - measure.start), 3)
        state.part.chord(begin, 9, voicing, loudness * (1.0 if count in (2, 6) else 0.75))


def _riff(state: GuitarState, measure: Measure, section_rng: Random, repeat_rng: Random) -> None:
    """A riff of the pentatonic scale: stated in one bar, answered in the next, moved to the root of every chord."""
    loudness = level(measure.section.energy) * 0.95
    minor = measure.chords[0].intervals[1] == 3
    intervals = CORPUS_SCALES["minor pentatonic" if minor else "major pentatonic"]
    line = (*intervals, 12)
    place = 0
    for count in _riff_rhythm(section_rng):
        begin = state.plan.eighth(measure, count)
        chord = measure.chord_at(begin - measure.start)
        place = 0 if count == 0 else min(len(line) - 1, max(0, place + section_rng.choice((-1, 1, 1, 2, -2))))
        root = nearest(chord.root, 48, LOWEST + 2, 54)
        # chord tones on strong beats, tones of the scale in between
        pitch = root + line[place]
        if count % 4 == 0:
            pitch = nearest(chord.tones[place % 3], pitch, LOWEST, HIGHEST)
        if measure.index % 8 == 7 and repeat_rng.random() < 0.3:
            pitch = min(pitch + 12, HIGHEST)
        state.part.add(begin, 10, pitch, loudness * (1.0 if count % 4 == 0 else 0.82))


def _riff_rhythm(section_rng: Random) -> tuple[int, ...]:
    return section_rng.choice(((0, 2, 3, 5, 6), (0, 1, 3, 4, 6, 7), (0, 3, 4, 6, 7), (0, 2, 3, 4, 7)))


def _power(state: GuitarState, measure: Measure, section_rng: Random, repeat_rng: Random) -> None:
    """Root and fifth: muted eighths in the verse, ringing and pushed in the chorus."""
    loudness = level(measure.section.energy) * 0.95
    ringing = measure.section.energy >= 0.8
    rhythm = section_rng.choice(((0, 3, 6), (0, 3, 4, 7), (0, 2, 3, 6))) if ringing else tuple(range(8))
    for place, count in enumerate(rhythm):
        chord = measure.chord_at(count * EIGHTH)
        root = nearest(chord.root, 45, LOWEST, 52)
        next_count = rhythm[place + 1] if place + 1 < len(rhythm) else 8
        length = (next_count - count) * EIGHTH if ringing else 6
        pitches = (root, root + 7, root + 12) if ringing else (root, root + 7)
        accent = 1.0 if count % 4 == 0 or ringing else 0.72
        state.part.chord(measure.start + count * EIGHTH, length, pitches, loudness * accent)


def _picking(state: GuitarState, measure: Measure, section_rng: Random, repeat_rng: Random) -> None:
    """Broken chords in eighths: the root, then other chord tones in an order that is fixed in a section."""
    loudness = level(measure.section.energy) * 0.85
    order = section_rng.choice(((0, 2, 3, 1, 2, 3, 1, 2), (0, 1, 2, 3, 0, 3, 2, 1), (0, 2, 1, 3, 0, 2, 1, 3)))
    for count, finger in enumerate(order):
        chord = measure.chord_at(count * EIGHTH)
        strings = (nearest(chord.root, 48, LOWEST + 2, 55), *voice(chord.tones[:3], (), 55, 71))
        pitch = strings[finger]
        if count == 6 and repeat_rng.random() < 0.2:
            pitch = strings[3]
        length = 24 if finger == 0 else 18
        state.part.add(measure.start + count * EIGHTH, length, pitch, loudness * (1.0 if count % 4 == 0 else 0.8))


def _four_to_the_bar(state: GuitarState, measure: Measure, section_rng: Random, repeat_rng: Random) -> None:
    """Shell voicings on every beat, two and four a little stronger."""
    loudness = level(measure.section.energy) * 0.72
    for beat in range(4):
        chord = measure.chord_at(beat * FINE_STEPS_PER_BEAT)
        root = nearest(chord.root, 50, 43, 55)
        shell = (root, *(nearest(tone, root + 8, root + 3, root + 14) for tone in chord.colour(2)))
        accent = 1.0 if beat % 2 else 0.85
        state.part.chord(measure.start + beat * FINE_STEPS_PER_BEAT, 16, tuple(sorted(set(shell))), loudness * accent)


def _charleston(state: GuitarState, measure: Measure, section_rng: Random, repeat_rng: Random) -> None:
    """On one and the push after two, now and then displaced."""
    loudness = level(measure.section.energy) * 0.82
    rhythm = section_rng.choice(((0, 3), (1, 4), (0, 3, 6), (3, 7)))
    if repeat_rng.random() < 0.2:
        rhythm = (*rhythm[:1], 5)
    for place, count in enumerate(rhythm):
        begin = state.plan.eighth(measure, count)
        voicing = state.voicing(measure.chord_at(begin - measure.start), 4 if measure.section.energy > 0.7 else 3)
        state.part.chord(begin, 18 if place == 0 else 9, voicing, loudness * (1.0 if place == 0 else 0.85))


def _boom_chick(state: GuitarState, measure: Measure, section_rng: Random, repeat_rng: Random) -> None:
    """Bass string on one and three, the chord on two and four, an upstroke after some of them."""
    loudness = level(measure.section.energy) * 0.88
    for beat in range(4):
        begin = measure.start + beat * FINE_STEPS_PER_BEAT
        chord = measure.chord_at(beat * FINE_STEPS_PER_BEAT)
        if beat % 2 == 0:
            tone = chord.root if beat == 0 or len(measure.chords) > 1 else chord.fifth
            state.part.add(begin, 20, nearest(tone, 46, LOWEST, 54), loudness)
            continue
        voicing = state.voicing(chord, 3)
        state.part.chord(begin, 12, voicing, loudness * 0.85)
        if repeat_rng.random() < 0.6:
            state.part.chord(begin + EIGHTH, 9, voicing[1:], loudness * 0.6)


def _skank(state: GuitarState, measure: Measure, section_rng: Random, repeat_rng: Random) -> None:
    """Small high chords in a pattern of sixteenths, tight and short."""
    loudness = level(measure.section.energy) * 0.85
    pattern = section_rng.choice(("..x.x..x..x.x...", "....x.x.....x.xx", "x..x..x...x.x..."))
    for cell, stroke in enumerate(pattern):
        if stroke == "." or (cell % 4 and repeat_rng.random() < 0.1):
            continue
        voicing = state.voicing(measure.chord_at(cell * SIXTEENTH), 3)
        state.part.chord(measure.start + cell * SIXTEENTH, 6, voicing, loudness * (1.0 if cell % 4 == 0 else 0.8))


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
