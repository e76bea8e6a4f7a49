"""Writes the piano part: a melody of motifs in the right hand, chords in the style's rhythm in the left.

The melody of a section is drawn once, as a rhythm and a contour, and fitted to the chords whenever the section
returns; repeats are varied.
"""

from dataclasses import dataclass
from random import Random

from pianoroll_vae.music.resolution import FINE_STEPS_PER_BAR, FINE_STEPS_PER_BEAT
from pianoroll_vae.sources.sample_corpus.form import Measure, Plan, Section
from pianoroll_vae.sources.sample_corpus.harmony import Chord, ladder, nearest, scale_over, voice
from pianoroll_vae.sources.sample_corpus.score import Part, level

LOWEST, HIGHEST = 62, 86

# (eighth of the bar, length in eighths): rhythms of a bar of melody, from slow to fast
CALM = (
    ((0, 3), (3, 1), (4, 4)),
    ((0, 2), (2, 2), (4, 4)),
    ((0, 4), (4, 2), (6, 2)),
    ((1, 1), (2, 2), (4, 3), (7, 1)),
)
LIVELY = (
    ((0, 1), (1, 2), (3, 1), (4, 2), (6, 2)),
    ((0, 2), (2, 1), (3, 2), (5, 3)),
    ((1, 1), (2, 1), (3, 1), (4, 1), (5, 1), (6, 2)),
    ((0, 1), (1, 1), (2, 2), (5, 1), (6, 1), (7, 1)),
)
RUNNING = (
    ((0, 1), (1, 1), (2, 1), (3, 1), (4, 1), (5, 1), (6, 1), (7, 1)),
    ((0, 1), (1, 1), (2, 1), (3, 1), (4, 2), (6, 1), (7, 1)),
    ((1, 1), (2, 1), (3, 1), (4, 1), (5, 1), (6, 1), (7, 1)),
)
CADENCE = (((0, 2), (2, 2), (4, 4)), ((0, 1), (1, 1), (2, 6)), ((0, 4),))
PHRASE_FORMS = {"blues": "ab.c", "jazz": "abac", "rock": "abac", "country": "aabc", "soul": "ab.c"}
"""The motif of each bar of a four-bar phrase: c is the cadence, a dot is a rest."""


@dataclass(frozen=True)
class MelodyNote:
    """`climb`: scale steps from the note before."""

    eighth: int
    length: int
    climb: int


Motif = tuple[MelodyNote, ...]


def play(plan: Plan, part: Part) -> None:
    style = plan.genre.piano[0]
    centre = 72
    pitch = centre
    left: tuple[int, ...] = ()
    for measure in plan.measures():
        section = measure.section
        motif = _motif(plan, section, style, measure.index)
        rng = plan.rng("piano", section.kind, section.repeat, measure.index)
        if measure.index % 4 == 0:
            pitch = centre + (4 if section.kind in ("chorus", "solo") else 0)
        for note in _varied(motif, section, rng):
            pitch = _next_pitch(plan, measure, note, pitch)
            _add_melody_note(plan, measure, part, note, pitch)
        left = _left_hand(plan, measure, part, style, left)


def _motif(plan: Plan, section: Section, style: str, index: int) -> Motif:
    """The motif of a bar: the same letter of the same kind of section is always the same motif."""
    letter = PHRASE_FORMS[style][index % 4]
    if letter == ".":
        return ()
    rng = plan.rng("piano", section.kind, letter)
    busy = RUNNING if section.kind == "solo" else LIVELY if section.kind != "intro" and style != "country" else CALM
    if style == "rock" and section.kind == "verse":
        busy = CALM
    rhythm = rng.choice(CADENCE if letter == "c" else busy)
    drift = rng.choice((-1, 1))
    notes = []
    for eighth, length in rhythm:
        climb = drift * rng.choice((0, 1, 1, 1, 2)) if rng.random() < 0.7 else -drift * rng.choice((1, 2))
        notes.append(MelodyNote(eighth, length, climb))
    return tuple(notes)


def _varied(motif: Motif, section: Section, rng: Random) -> Motif:
    """The motif; in repeats some long notes are split and some weak notes left out."""
    if section.repeat == 0:
        return motif
    notes: list[MelodyNote] = []
    for note in motif:
        if note.eighth % 2 and rng.random() < 0.12:
            continue
        if note.length >= 2 and rng.random() < 0.2:
            notes.append(MelodyNote(note.eighth, 1, note.climb))
            notes.append(MelodyNote(note.eighth + 1, note.length - 1, rng.choice((-1, 1))))
        else:
            notes.append(note)
    return tuple(notes)


def _next_pitch(plan: Plan, measure: Measure, note: MelodyNote, before: int) -> int:
    """Move along the scale; on beats one and three and for long notes, take the nearest chord tone."""
    begin = plan.eighth(measure, note.eighth)
    chord = measure.chord_at(begin - measure.start)
    scale = ladder(scale_over(chord, plan.tonic, plan.scale), LOWEST, HIGHEST)
    place = min(range(len(scale)), key=lambda index: abs(scale[index] - before))
    climb = note.climb if LOWEST + 4 < before < HIGHEST - 4 else abs(note.climb) * (1 if before < 74 else -1)
    pitch = scale[min(len(scale) - 1, max(0, place + climb))]
    if note.eighth % 4 == 0 or note.length >= 3:
        return min(ladder(chord.tones, LOWEST, HIGHEST), key=lambda tone: abs(tone - pitch))
    return pitch


def _add_melody_note(plan: Plan, measure: Measure, part: Part, note: MelodyNote, pitch: int) -> None:
    """One melody note; choruses double it with the chord tone below, and from their third time on with the octave."""
    section = measure.section
    begin = plan.eighth(measure, note.eighth)
    end = plan.eighth(measure, note.eighth + note.length)
    loudness = level(section.energy) * (1.0 if note.eighth % 4 == 0 else 0.86)
    part.add(begin, end - begin, pitch, loudness)
    if section.kind == "chorus" and note.length >= 2:
        chord = measure.chord_at(begin - measure.start)
        below = [tone for tone in ladder(chord.tones, LOWEST - 5, HIGHEST) if pitch - 9 <= tone <= pitch - 3]
        if section.repeat >= 2:
            part.add(begin, end - begin, pitch - 12, loudness * 0.8)
        elif below:
            part.add(begin, end - begin, below[-1], loudness * 0.8)


# (first step, length) of the left hand's chords in a bar, by style: in quiet and in loud sections
LEFT_HAND: dict[str, tuple[tuple[tuple[int, int], ...], tuple[tuple[int, int], ...]]] = {
    "blues": (((0, 40), (64, 24)), ((0, 16), (40, 8), (48, 16), (88, 8))),
    "jazz": (((0, 24), (40, 40)), ((16, 16), (40, 24), (88, 8))),
    "rock": (((0, FINE_STEPS_PER_BAR),), tuple((beat * FINE_STEPS_PER_BEAT, 18) for beat in range(4))),
    "country": (((24, 12), (72, 12)), ((24, 12), (36, 8), (72, 12), (84, 8))),
    "soul": (((0, 36), (60, 30)), ((0, 12), (18, 12), (36, 12), (60, 12), (78, 12))),
}


def _left_hand(plan: Plan, measure: Measure, part: Part, style: str, before: tuple[int, ...]) -> tuple[int, ...]:
    """Chords under the melody in the style's rhythm; returns the last voicing."""
    quiet, loud = LEFT_HAND[style]
    loudness = level(measure.section.energy) * 0.68
    voicing = before
    for begin, length in loud if measure.section.energy >= 0.8 else quiet:
        chord: Chord = measure.chord_at(begin)
        voicing = voice(chord.colour(3), voicing, 48, 64)
        part.chord(measure.start + begin, length, voicing, loudness)
    if style in ("rock", "country") and measure.index % 2 == 0:
        part.add(measure.start, FINE_STEPS_PER_BEAT, nearest(measure.chords[0].root, 45, 40, 51), loudness)
    return voicing
