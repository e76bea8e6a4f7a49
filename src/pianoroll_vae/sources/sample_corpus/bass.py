"""Writes the bass part: chord roots on strong beats, connected in the way of a style."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random

from pianoroll_vae.music.resolution import FINE_STEPS_PER_BAR, FINE_STEPS_PER_BEAT
from pianoroll_vae.sources.sample_corpus.form import EIGHTH, Measure, Plan
from pianoroll_vae.sources.sample_corpus.harmony import Chord, ladder, nearest, scale_over
from pianoroll_vae.sources.sample_corpus.score import Part, level

LOWEST, HIGHEST, HOME = 28, 52, 36


@dataclass
class BassState:
    """The plan, the part that is written, and the last pitch."""

    plan: Plan
    part: Part
    last: int = HOME

    def root(self, chord: Chord) -> int:
        """The chord's root between the last pitch and the low register."""
        return nearest(chord.root, (self.last + HOME) / 2, LOWEST, HIGHEST - 8)

    def play(self, start: int, length: int, pitch: int, loudness: float) -> None:
        self.part.add(start, length, pitch, loudness)
        self.last = pitch


Style = Callable[[BassState, Measure, Random, Random], None]
"""Writes one bar. The first generator is the same in all repeats of a section, the second differs in each."""


def play(plan: Plan, part: Part) -> None:
    style = STYLES[plan.rng("bass", "style").choice(plan.genre.bass)]
    state = BassState(plan, part)
    for measure in plan.measures():
        section = measure.section
        style(
            state,
            measure,
            plan.rng("bass", section.kind, measure.index % 2),
            plan.rng("bass", section.kind, section.repeat, measure.index),
        )


def _approach(state: BassState, measure: Measure, from_pitch: int, rng: Random) -> int:
    """The note before the next chord's root: a half step from below or above, or its fifth."""
    target = nearest(measure.following.root, (from_pitch + HOME) / 2, LOWEST, HIGHEST - 8)
    choices = [target - 1, target + 1, target + 7 if target < HOME else target - 5]
    return min(HIGHEST, max(LOWEST, rng.choice(choices)))


def _walking(state: BassState, measure: Measure, section_rng: Random, repeat_rng: Random) -> None:
    """Quarters: root, a step of the scale, a chord tone, and a note that leans into the next chord."""
    loudness = level(measure.section.energy) * 0.9
    if len(measure.chords) > 1:
        for place, (start, _, chord) in enumerate(measure.spans()):
            root = state.root(chord)
            last_beat = place == len(measure.chords) - 1
            second = (
                _approach(state, measure, root, repeat_rng)
                if last_beat
                else nearest(chord.third, root, LOWEST, HIGHEST)
            )
            state.play(start, FINE_STEPS_PER_BEAT, root, loudness)
            state.play(start + FINE_STEPS_PER_BEAT, FINE_STEPS_PER_BEAT, second, loudness * 0.88)
        return
    chord = measure.chords[0]
    root = state.root(chord)
    upwards = root < HOME or repeat_rng.random() < 0.35
    steps = ladder(scale_over(chord, state.plan.tonic, state.plan.scale), LOWEST, HIGHEST)
    between = [pitch for pitch in steps if (root < pitch < root + 6 if upwards else root - 6 < pitch < root)]
    aim = chord.fifth if repeat_rng.random() < 0.6 else chord.third
    arrival = nearest(aim, root + (6 if upwards else -5), LOWEST, HIGHEST)
    passing = repeat_rng.choice(between) if between else nearest(chord.third, root, LOWEST, HIGHEST)
    for beat, pitch in enumerate((root, passing, arrival, _approach(state, measure, arrival, repeat_rng))):
        accent = 1.0 if beat % 2 == 0 else 0.9
        state.play(measure.start + beat * FINE_STEPS_PER_BEAT, FINE_STEPS_PER_BEAT, pitch, loudness * accent)
    if repeat_rng.random() < 0.15:
        state.part.add(measure.start + 2 * FINE_STEPS_PER_BEAT + 16, 8, arrival, loudness * 0.6)


def _two_feel(state: BassState, measure: Measure, section_rng: Random, repeat_rng: Random) -> None:
    """Half notes in the quiet sections, walking in the others."""
    if measure.section.energy >= 0.7 and measure.section.kind != "intro":
        _walking(state, measure, section_rng, repeat_rng)
        return
    loudness = level(measure.section.energy) * 0.9
    half = FINE_STEPS_PER_BAR // 2
    first, second = measure.chord_at(0), measure.chord_at(half)
    root = state.root(first)
    state.play(measure.start, half, root, loudness)
    answer = state.root(second) if second != first else nearest(first.fifth, root, LOWEST, HIGHEST)
    state.play(measure.start + half, half - 8, answer, loudness * 0.9)
    if repeat_rng.random() < 0.4:
        state.play(
            measure.start + FINE_STEPS_PER_BAR - 8, 8, _approach(state, measure, answer, repeat_rng), loudness * 0.7
        )


def _boogie(state: BassState, measure: Measure, section_rng: Random, repeat_rng: Random) -> None:
    """Up the chord and its sixth and back down, a note a beat, doubled on the shuffle in louder sections."""
    loudness = level(measure.section.energy) * 0.92
    for start, length, chord in measure.spans():
        root = state.root(chord)
        third = chord.intervals[1]
        sixth = 9 if third == 4 else 10
        climbing: tuple[int, ...] = (0, third, 7, sixth) if measure.index % 2 == 0 else (12, sixth, 7, third)
        if root + 12 > HIGHEST:
            climbing = (0, third, 7, third)
        if len(measure.chords) > 1:
            climbing = (0, 7)
        for beat, interval in enumerate(climbing[: length // FINE_STEPS_PER_BEAT]):
            begin = start + beat * FINE_STEPS_PER_BEAT
            if measure.section.energy >= 0.65:
                state.play(begin, 14, root + interval, loudness)
                state.part.add(begin + 16, 7, root + interval, loudness * 0.72)
            else:
                state.play(begin, 20, root + interval, loudness)
        state.last = root


def _shuffle_roots(state: BassState, measure: Measure, section_rng: Random, repeat_rng: Random) -> None:
    """Root on one, a push before three, fifth and flat seventh around it."""
    loudness = level(measure.section.energy) * 0.92
    for start, length, chord in measure.spans():
        root = state.root(chord)
        state.play(start, 22, root, loudness)
        state.part.add(start + 40, 8, root, loudness * 0.75)
        if length == FINE_STEPS_PER_BAR:
            seventh = nearest(chord.tones[-1], root + 10, LOWEST, HIGHEST)
            state.part.add(start + 48, 22, nearest(chord.fifth, root + 7, LOWEST, HIGHEST), loudness * 0.9)
            state.part.add(start + 72, 14, seventh if measure.index % 2 else root, loudness * 0.85)
            if repeat_rng.random() < 0.5:
                state.part.add(start + 88, 8, _approach(state, measure, root, repeat_rng), loudness * 0.7)


def _driving(state: BassState, measure: Measure, section_rng: Random, repeat_rng: Random) -> None:
    """Eighths on the root, with a run to the next chord at the end of a line."""
    loudness = level(measure.section.energy) * 0.95
    length = EIGHTH if measure.section.energy >= 0.8 else EIGHTH - 3
    for count in range(8):
        chord = measure.chord_at(count * EIGHTH)
        root = state.root(chord)
        pitch = root
        if count >= 6 and measure.index % 4 == 3:
            pitch = (
                nearest(chord.fifth, root, LOWEST, HIGHEST)
                if count == 6
                else _approach(state, measure, root, repeat_rng)
            )
        accent = 1.0 if count % 4 == 0 else 0.85
        state.part.add(measure.start + count * EIGHTH, length, pitch, loudness * accent)
        state.last = root


def _pumping_octaves(state: BassState, measure: Measure, section_rng: Random, repeat_rng: Random) -> None:
    """Low root on the beat, its octave between."""
    loudness = level(measure.section.energy) * 0.95
    for count in range(8):
        root = state.root(measure.chord_at(count * EIGHTH))
        leap = 12 if count % 2 and root + 12 <= HIGHEST else 0
        state.part.add(measure.start + count * EIGHTH, EIGHTH - 2, root + leap, loudness * (0.85 if leap else 1.0))
        state.last = root


def _locked_to_kick(state: BassState, measure: Measure, section_rng: Random, repeat_rng: Random) -> None:
    """Long notes where the bass drum falls: on one, on the push before three, on three."""
    loudness = level(measure.section.energy) * 0.95
    for begin, length in ((0, 33), (36, 12), (48, 30), (84, 12)):
        chord = measure.chord_at(begin)
        root = state.root(chord)
        pitch = nearest(chord.fifth, root, LOWEST, HIGHEST) if begin == 84 and measure.index % 2 else root
        state.part.add(measure.start + begin, length, pitch, loudness * (1.0 if begin % 48 == 0 else 0.82))
        state.last = root


def _root_and_fifth(state: BassState, measure: Measure, section_rng: Random, repeat_rng: Random) -> None:
    """Root on one, fifth below or above on three; every fourth bar walks up the scale into the next chord."""
    loudness = level(measure.section.energy) * 0.92
    chord, later = measure.chord_at(0), measure.chord_at(FINE_STEPS_PER_BAR // 2)
    root = state.root(chord)
    state.play(measure.start, 30, root, loudness)
    half = measure.start + FINE_STEPS_PER_BAR // 2
    if measure.following.root != later.root and measure.index % 2 and later == chord:
        target = nearest(measure.following.root, root, LOWEST, HIGHEST)
        steps = ladder(scale_over(chord, state.plan.tonic, state.plan.scale), target - 5, target - 1)[-2:]
        for place, pitch in enumerate(steps):
            state.play(half + place * FINE_STEPS_PER_BEAT, 20, max(LOWEST, pitch), loudness * 0.9)
    else:
        below = nearest(later.fifth, state.root(later) - 5, LOWEST - 2, HIGHEST)
        state.play(half, 30, state.root(later) if later != chord else below, loudness * 0.9)
        state.last = root


def _syncopated_riff(state: BassState, measure: Measure, section_rng: Random, repeat_rng: Random) -> None:
    """A two-bar riff on sixteenths: the same rhythm over every chord, octave, seventh and fifth around the root."""
    loudness = level(measure.section.energy) * 0.95
    rhythm = ((0, 9), (12, 6), *section_rng.choice((((30, 6), (42, 6)), ((36, 6), (42, 6)), ((30, 12), (54, 6)))))
    ending = section_rng.choice((((66, 6), (78, 12)), ((60, 6), (72, 6), (90, 6)), ((72, 12), (84, 6))))
    for place, (begin, length) in enumerate(rhythm + ending):
        chord = measure.chord_at(begin)
        root = state.root(chord)
        seventh = chord.intervals[-1] if chord.intervals[-1] > 8 else 9
        interval = 0 if place < 2 else section_rng.choice((0, 7, 12, seventh, 0))
        pitch = root + interval if root + interval <= HIGHEST else root
        state.part.add(measure.start + begin, length, pitch, loudness * (1.0 if begin == 0 else 0.82))
        state.last = root
    if repeat_rng.random() < 0.2:
        state.part.add(measure.start + 48, 6, state.last, loudness * 0.6)


def _pushed_roots(state: BassState, measure: Measure, section_rng: Random, repeat_rng: Random) -> None:
    """Root, a push on the eighth before three, and a climb by chord tones at the end of the bar."""
    loudness = level(measure.section.energy) * 0.93
    for begin, length, which in ((0, 30, 0), (36, 24, 0), (60, 12, 2), (72, 12, 2), (84, 12, 1)):
        chord = measure.chord_at(begin)
        root = state.root(chord)
        pitch = root if which == 0 else nearest(chord.tones[which], root + 6, LOWEST, HIGHEST)
        if begin == 84 and repeat_rng.random() < 0.4:
            pitch = _approach(state, measure, root, repeat_rng)
        state.part.add(measure.start + begin, length, pitch, loudness * (1.0 if begin in (0, 36) else 0.82))
        state.last = root


STYLES: Mapping[str, Style] = {
    "walking": _walking,
    "two feel": _two_feel,
    "boogie": _boogie,
    "shuffle roots": _shuffle_roots,
    "driving": _driving,
    "pumping octaves": _pumping_octaves,
    "locked to kick": _locked_to_kick,
    "root and fifth": _root_and_fifth,
    "syncopated riff": _syncopated_riff,
    "pushed roots": _pushed_roots,
}
