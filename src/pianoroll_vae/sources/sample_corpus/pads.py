"""The string section: held chords that move by small steps, high lines, answers and stabs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random

from pianoroll_vae.music.resolution import FINE_STEPS_PER_BAR
from pianoroll_vae.sources.sample_corpus.form import Measure, Plan
from pianoroll_vae.sources.sample_corpus.harmony import Chord, ladder, nearest, scale_over, voice
from pianoroll_vae.sources.sample_corpus.score import Part, level


@dataclass
class Desk:
    plan: Plan
    part: Part
    held: tuple[int, ...] = ()
    top: int = 74

    def chord(self, chord: Chord, count: int) -> tuple[int, ...]:
        self.held = voice(chord.colour(count), self.held, 53, 76)
        return self.held


Style = Callable[[Desk, Measure, Random], None]


def play(plan: Plan, part: Part) -> None:
    """Quiet sections get the section's plain pads, loud ones the song's own style."""
    chosen = STYLES[plan.rng("strings", "style").choice(plan.genre.strings)]
    desk = Desk(plan, part)
    for measure in plan.measures():
        section = measure.section
        plain = section.kind == "intro" or (section.kind == "verse" and section.take == 0 and chosen is not _answers)
        style = _guide_tones if plain else chosen
        style(desk, measure, plan.rng("strings", section.kind, measure.index % 4))


def _pad(desk: Desk, measure: Measure, material: Random) -> None:
    """Three or four voices held as long as the chord lasts, swelling through the section."""
    swell = 0.62 + 0.12 * (measure.index % 4) / 3
    for start, length, chord in measure.spans():
        count = 4 if measure.section.energy > 0.8 and len(chord.intervals) > 3 else 3
        desk.part.chord(start, length, desk.chord(chord, count), level(measure.section.energy) * swell)


def _guide_tones(desk: Desk, measure: Measure, material: Random) -> None:
    """Only the two tones that tell what chord it is."""
    for start, length, chord in measure.spans():
        desk.part.chord(start, length, desk.chord(chord, 2), level(measure.section.energy) * 0.66)


def _high_line(desk: Desk, measure: Measure, material: Random) -> None:
    """A slow melody above a thin pad: a chord tone, then a step towards the next one."""
    loudness = level(measure.section.energy) * 0.72
    _guide_tones(desk, measure, material)
    chord = measure.chords[0]
    aim = desk.top + material.choice((-4, -2, 2, 3, 4))
    start_pitch = nearest(material.choice(chord.tones[:3]), min(82, max(70, aim)), 67, 86)
    scale = ladder(scale_over(measure.chords[-1], desk.plan.tonic, desk.plan.scale), 67, 86)
    goal = nearest(measure.following.third, start_pitch, 67, 86)
    path = [pitch for pitch in scale if min(start_pitch, goal) < pitch < max(start_pitch, goal)]
    long = FINE_STEPS_PER_BAR if not path else FINE_STEPS_PER_BAR * 3 // 4
    desk.part.add(measure.start, long, start_pitch, loudness)
    if path:
        passing = path[0] if goal < start_pitch else path[-1]
        desk.part.add(measure.start + long, FINE_STEPS_PER_BAR - long, passing, loudness * 0.85)
    desk.top = start_pitch


def _answers(desk: Desk, measure: Measure, material: Random) -> None:
    """Hold the chord while the singer would sing, and answer him in the second half of each phrase."""
    loudness = level(measure.section.energy) * 0.78
    if measure.index % 4 < 2:
        _guide_tones(desk, measure, material)
        return
    for count in material.choice(((0, 3, 4), (1, 2, 4), (0, 2, 3))):
        begin = desk.plan.eighth(measure, count)
        grip = desk.chord(measure.chord_at(begin - measure.start), 3)
        held = count == 4
        length = measure.start + FINE_STEPS_PER_BAR - begin if held else 8
        desk.part.chord(begin, length, grip, loudness * (0.85 if held else 1.0))


def _stabs(desk: Desk, measure: Measure, material: Random) -> None:
    """Short accents around a held chord, as a horn section would set them."""
    loudness = level(measure.section.energy) * 0.85
    for begin, length in material.choice((((0, 12), (36, 54)), ((36, 12), (60, 30)), ((0, 48), (84, 9)))):
        desk.part.chord(measure.start + begin, length, desk.chord(measure.chord_at(begin), 3), loudness)


STYLES: Mapping[str, Style] = {
    "pad": _pad,
    "guide tones": _guide_tones,
    "high line": _high_line,
    "answers": _answers,
    "stabs": _stabs,
}
