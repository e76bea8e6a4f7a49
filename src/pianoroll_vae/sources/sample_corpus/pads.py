"""Writes the string part: held chords, high lines, answers and stabs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random

from pianoroll_vae.music.resolution import FINE_STEPS_PER_BAR
from pianoroll_vae.sources.sample_corpus.form import Measure, Plan
from pianoroll_vae.sources.sample_corpus.harmony import Chord, ladder, nearest, scale_over, voice
from pianoroll_vae.sources.sample_corpus.score import Part, level


@dataclass
class StringsState:
    plan: Plan
    part: Part
    held: tuple[int, ...] = ()
    top: int = 74

    def chord(self, chord: Chord, count: int) -> tuple[int, ...]:
        self.held = voice(chord.colour(count), self.held, 53, 76)
        return self.held


Style = Callable[[StringsState, Measure, Random], None]


def play(plan: Plan, part: Part) -> None:
    """Guide tones in introductions and first verses, the style of the song elsewhere."""
    chosen = STYLES[plan.rng("strings", "style").choice(plan.genre.strings)]
    state = StringsState(plan, part)
    for measure in plan.measures():
        section = measure.section
        plain = section.kind == "intro" or (section.kind == "verse" and section.repeat == 0 and chosen is not _answers)
        style = _guide_tones if plain else chosen
        style(state, measure, plan.rng("strings", section.kind, measure.index % 4))


def _pad(state: StringsState, measure: Measure, section_rng: Random) -> None:
    """Three or four voices held as long as the chord lasts, swelling through the section."""
    swell = 0.62 + 0.12 * (measure.index % 4) / 3
    for start, length, chord in measure.spans():
        count = 4 if measure.section.energy > 0.8 and len(chord.intervals) > 3 else 3
        state.part.chord(start, length, state.chord(chord, count), level(measure.section.energy) * swell)


def _guide_tones(state: StringsState, measure: Measure, section_rng: Random) -> None:
    """The two most characteristic tones of the chord."""
    for start, length, chord in measure.spans():
        state.part.chord(start, length, state.chord(chord, 2), level(measure.section.energy) * 0.66)


def _high_line(state: StringsState, measure: Measure, section_rng: Random) -> None:
    """A slow melody above a thin pad: a chord tone, then a step towards the next one."""
    loudness = level(measure.section.energy) * 0.72
    _guide_tones(state, measure, section_rng)
    chord = measure.chords[0]
    aim = state.top + section_rng.choice((-4, -2, 2, 3, 4))
    start_pitch = nearest(section_rng.choice(chord.tones[:3]), min(82, max(70, aim)), 67, 86)
    scale = ladder(scale_over(measure.chords[-1], state.plan.tonic, state.plan.scale), 67, 86)
    goal = nearest(measure.following.third, start_pitch, 67, 86)
    path = [pitch for pitch in scale if min(start_pitch, goal) < pitch < max(start_pitch, goal)]
    long = FINE_STEPS_PER_BAR if not path else FINE_STEPS_PER_BAR * 3 // 4
    state.part.add(measure.start, long, start_pitch, loudness)
    if path:
        passing = path[0] if goal < start_pitch else path[-1]
        state.part.add(measure.start + long, FINE_STEPS_PER_BAR - long, passing, loudness * 0.85)
    state.top = start_pitch


def _answers(state: StringsState, measure: Measure, section_rng: Random) -> None:
    """A held chord in the first half of each phrase, short chords in the second half."""
    loudness = level(measure.section.energy) * 0.78
    if measure.index % 4 < 2:
        _guide_tones(state, measure, section_rng)
        return
    for count in section_rng.choice(((0, 3, 4), (1, 2, 4), (0, 2, 3))):
        begin = state.plan.eighth(measure, count)
        voicing = state.chord(measure.chord_at(begin - measure.start), 3)
        held = count == 4
        length = measure.start + FINE_STEPS_PER_BAR - begin if held else 8
        state.part.chord(begin, length, voicing, loudness * (0.85 if held else 1.0))


def _stabs(state: StringsState, measure: Measure, section_rng: Random) -> None:
    """Short accents around a held chord, as a horn section would set them."""
    loudness = level(measure.section.energy) * 0.85
    for begin, length in section_rng.choice((((0, 12), (36, 54)), ((36, 12), (60, 30)), ((0, 48), (84, 9)))):
        state.part.chord(measure.start + begin, length, state.chord(measure.chord_at(begin), 3), loudness)


STYLES: Mapping[str, Style] = {
    "pad": _pad,
    "guide tones": _guide_tones,
    "high line": _high_line,
    "answers": _answers,
    "stabs": _stabs,
}
