"""The bass player: the chord's root where it counts, and a way of the style's own from one chord to the next."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random

from pianoroll_vae.music.resolution import FINE_STEPS_PER_BAR, FINE_STEPS_PER_BEAT
from pianoroll_vae.sources.sample_corpus.form import EIGHTH, Measure, Plan
from pianoroll_vae.sources.sample_corpus.harmony import Chord, ladder, nearest, scale_over
from pianoroll_vae.sources.sample_corpus.score import Part, level

LOWEST, HIGHEST, HOME = 28, 52, 36


@dataclass
class Line:
    """What the player keeps in mind: the plan, the part, and the pitch just played."""

    plan: Plan
    part: Part
    last: int = HOME

    def root(self, chord: Chord) -> int:
        """The chord's root, near what was just played but drawn towards the low register."""
        return nearest(chord.root, (self.last + HOME) / 2, LOWEST, HIGHEST - 8)

    def play(self, start: int, length: int, pitch: int, loudness: float) -> None:
        self.part.add(start, length, pitch, loudness)
        self.last = pitch


Style = Callable[[Line, Measure, Random, Random], None]
"""Plays one bar, given the chance of the section's kind (the material) and of this take (its variation)."""


def play(plan: Plan, part: Part) -> None:
    style = STYLES[plan.rng("bass", "style").choice(plan.genre.bass)]
    line = Line(plan, part)
    for measure in plan.measures():
        section = measure.section
        style(
            line,
            measure,
            plan.rng("bass", section.kind, measure.index % 2),
            plan.rng("bass", section.kind, section.take, measure.index),
        )


def _approach(line: Line, measure: Measure, from_pitch: int, rng: Random) -> int:
    """The note before the next chord's root: a half step from below or above, or its fifth."""
    target = nearest(measure.following.root, (from_pitch + HOME) / 2, LOWEST, HIGHEST - 8)
    choices = [target - 1, target + 1, target + 7 if target < HOME else target - 5]
    return min(HIGHEST, max(LOWEST, rng.choice(choices)))


def _walking(line: Line, measure: Measure, material: Random, take: Random) -> None:
    """Quarters: root, a step of the scale, a chord tone, and a note that leans into the next chord."""
    loudness = level(measure.section.energy) * 0.9
    if len(measure.chords) > 1:
        for place, (start, _, chord) in enumerate(measure.spans()):
            root = line.root(chord)
            last_beat = place == len(measure.chords) - 1
            second = _approach(line, measure, root, take) if last_beat else nearest(chord.third, root, LOWEST, HIGHEST)
            line.play(start, FINE_STEPS_PER_BEAT, root, loudness)
            line.play(start + FINE_STEPS_PER_BEAT, FINE_STEPS_PER_BEAT, second, loudness * 0.88)
        return
    chord = measure.chords[0]
    root = line.root(chord)
    upwards = root < HOME or take.random() < 0.35
    steps = ladder(scale_over(chord, line.plan.tonic, line.plan.scale), LOWEST, HIGHEST)
    between = [pitch for pitch in steps if (root < pitch < root + 6 if upwards else root - 6 < pitch < root)]
    aim = chord.fifth if take.random() < 0.6 else chord.third
    arrival = nearest(aim, root + (6 if upwards else -5), LOWEST, HIGHEST)
    passing = take.choice(between) if between else nearest(chord.third, root, LOWEST, HIGHEST)
    for beat, pitch in enumerate((root, passing, arrival, _approach(line, measure, arrival, take))):
        accent = 1.0 if beat % 2 == 0 else 0.9
        line.play(measure.start + beat * FINE_STEPS_PER_BEAT, FINE_STEPS_PER_BEAT, pitch, loudness * accent)
    if take.random() < 0.15:
        line.part.add(measure.start + 2 * FINE_STEPS_PER_BEAT + 16, 8, arrival, loudness * 0.6)


def _two_feel(line: Line, measure: Measure, material: Random, take: Random) -> None:
    """Half notes in the quiet sections, walking in the others."""
    if measure.section.energy >= 0.7 and measure.section.kind != "intro":
        _walking(line, measure, material, take)
        return
    loudness = level(measure.section.energy) * 0.9
    half = FINE_STEPS_PER_BAR // 2
    first, second = measure.chord_at(0), measure.chord_at(half)
    root = line.root(first)
    line.play(measure.start, half, root, loudness)
    answer = line.root(second) if second != first else nearest(first.fifth, root, LOWEST, HIGHEST)
    line.play(measure.start + half, half - 8, answer, loudness * 0.9)
    if take.random() < 0.4:
        line.play(measure.start + FINE_STEPS_PER_BAR - 8, 8, _approach(line, measure, answer, take), loudness * 0.7)


def _boogie(line: Line, measure: Measure, material: Random, take: Random) -> None:
    """Up the chord and its sixth and back down, a note a beat, doubled on the shuffle in louder sections."""
    loudness = level(measure.section.energy) * 0.92
    for start, length, chord in measure.spans():
        root = line.root(chord)
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
                line.play(begin, 14, root + interval, loudness)
                line.part.add(begin + 16, 7, root + interval, loudness * 0.72)
            else:
                line.play(begin, 20, root + interval, loudness)
        line.last = root


def _shuffle_roots(line: Line, measure: Measure, material: Random, take: Random) -> None:
    """Root on one, a push before three, fifth and flat seventh around it."""
    loudness = level(measure.section.energy) * 0.92
    for start, length, chord in measure.spans():
        root = line.root(chord)
        line.play(start, 22, root, loudness)
        line.part.add(start + 40, 8, root, loudness * 0.75)
        if length == FINE_STEPS_PER_BAR:
            seventh = nearest(chord.tones[-1], root + 10, LOWEST, HIGHEST)
            line.part.add(start + 48, 22, nearest(chord.fifth, root + 7, LOWEST, HIGHEST), loudness * 0.9)
            line.part.add(start + 72, 14, seventh if measure.index % 2 else root, loudness * 0.85)
            if take.random() < 0.5:
                line.part.add(start + 88, 8, _approach(line, measure, root, take), loudness * 0.7)


def _driving(line: Line, measure: Measure, material: Random, take: Random) -> None:
    """Eighths on the root, with a run to the next chord at the end of a line."""
    loudness = level(measure.section.energy) * 0.95
    length = EIGHTH if measure.section.energy >= 0.8 else EIGHTH - 3
    for count in range(8):
        chord = measure.chord_at(count * EIGHTH)
        root = line.root(chord)
        pitch = root
        if count >= 6 and measure.index % 4 == 3:
            pitch = nearest(chord.fifth, root, LOWEST, HIGHEST) if count == 6 else _approach(line, measure, root, take)
        accent = 1.0 if count % 4 == 0 else 0.85
        line.part.add(measure.start + count * EIGHTH, length, pitch, loudness * accent)
        line.last = root


def _pumping_octaves(line: Line, measure: Measure, material: Random, take: Random) -> None:
    """Low root on the beat, its octave between."""
    loudness = level(measure.section.energy) * 0.95
    for count in range(8):
        root = line.root(measure.chord_at(count * EIGHTH))
        leap = 12 if count % 2 and root + 12 <= HIGHEST else 0
        line.part.add(measure.start + count * EIGHTH, EIGHTH - 2, root + leap, loudness * (0.85 if leap else 1.0))
        line.last = root


def _locked_to_kick(line: Line, measure: Measure, material: Random, take: Random) -> None:
    """Long notes where the bass drum falls: on one, on the push before three, on three."""
    loudness = level(measure.section.energy) * 0.95
    for begin, length in ((0, 33), (36, 12), (48, 30), (84, 12)):
        chord = measure.chord_at(begin)
        root = line.root(chord)
        pitch = nearest(chord.fifth, root, LOWEST, HIGHEST) if begin == 84 and measure.index % 2 else root
        line.part.add(measure.start + begin, length, pitch, loudness * (1.0 if begin % 48 == 0 else 0.82))
        line.last = root


def _root_and_fifth(line: Line, measure: Measure, material: Random, take: Random) -> None:
    """Root on one, fifth below or above on three; every fourth bar walks up the scale into the next chord."""
    loudness = level(measure.section.energy) * 0.92
    chord, later = measure.chord_at(0), measure.chord_at(FINE_STEPS_PER_BAR // 2)
    root = line.root(chord)
    line.play(measure.start, 30, root, loudness)
    half = measure.start + FINE_STEPS_PER_BAR // 2
    if measure.following.root != later.root and measure.index % 2 and later == chord:
        target = nearest(measure.following.root, root, LOWEST, HIGHEST)
        steps = ladder(scale_over(chord, line.plan.tonic, line.plan.scale), target - 5, target - 1)[-2:]
        for place, pitch in enumerate(steps):
            line.play(half + place * FINE_STEPS_PER_BEAT, 20, max(LOWEST, pitch), loudness * 0.9)
    else:
        below = nearest(later.fifth, line.root(later) - 5, LOWEST - 2, HIGHEST)
        line.play(half, 30, line.root(later) if later != chord else below, loudness * 0.9)
        line.last = root


def _syncopated_riff(line: Line, measure: Measure, material: Random, take: Random) -> None:
    """A two-bar riff on sixteenths: the same rhythm over every chord, octave, seventh and fifth around the root."""
    loudness = level(measure.section.energy) * 0.95
    rhythm = ((0, 9), (12, 6), *material.choice((((30, 6), (42, 6)), ((36, 6), (42, 6)), ((30, 12), (54, 6)))))
    ending = material.choice((((66, 6), (78, 12)), ((60, 6), (72, 6), (90, 6)), ((72, 12), (84, 6))))
    for place, (begin, length) in enumerate(rhythm + ending):
        chord = measure.chord_at(begin)
        root = line.root(chord)
        seventh = chord.intervals[-1] if chord.intervals[-1] > 8 else 9
        interval = 0 if place < 2 else material.choice((0, 7, 12, seventh, 0))
        pitch = root + interval if root + interval <= HIGHEST else root
        line.part.add(measure.start + begin, length, pitch, loudness * (1.0 if begin == 0 else 0.82))
        line.last = root
    if take.random() < 0.2:
        line.part.add(measure.start + 48, 6, line.last, loudness * 0.6)


def _pushed_roots(line: Line, measure: Measure, material: Random, take: Random) -> None:
    """Root, a push on the eighth before three, and a climb by chord tones at the end of the bar."""
    loudness = level(measure.section.energy) * 0.93
    for begin, length, which in ((0, 30, 0), (36, 24, 0), (60, 12, 2), (72, 12, 2), (84, 12, 1)):
        chord = measure.chord_at(begin)
        root = line.root(chord)
        pitch = root if which == 0 else nearest(chord.tones[which], root + 6, LOWEST, HIGHEST)
        if begin == 84 and take.random() < 0.4:
            pitch = _approach(line, measure, root, take)
        line.part.add(measure.start + begin, length, pitch, loudness * (1.0 if begin in (0, 36) else 0.82))
        line.last = root


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
