"""Composes one song of the sample corpus: draws a plan and writes the parts of five instruments."""

from dataclasses import dataclass

from pianoroll_vae.music.band import LPD5
from pianoroll_vae.music.notes import Notes
from pianoroll_vae.music.resolution import FINE_STEPS_PER_BAR, FINE_STEPS_PER_BEAT
from pianoroll_vae.music.song import Song
from pianoroll_vae.sources.sample_corpus import bass, comping, drums, lead, pads
from pianoroll_vae.sources.sample_corpus.form import Plan, draw_plan
from pianoroll_vae.sources.sample_corpus.harmony import nearest, voice
from pianoroll_vae.sources.sample_corpus.score import Part

PART_WRITERS = {
    "piano": lead.play,
    "guitar": comping.play,
    "bass": bass.play,
    "strings": pads.play,
    "drums": drums.play,
}


@dataclass(frozen=True)
class Composition:
    plan: Plan
    genre: str
    song: Song


def compose(genre: str, number: int, seed: int) -> Composition:
    """Song `number` of the corpus of this seed."""
    plan = draw_plan(genre, number, seed)
    parts = {name: Part(plan.rng("touch", name)) for name in LPD5.names if name != plan.absent}
    for name, part in parts.items():
        PART_WRITERS[name](plan, part)
        _stagger_entry(plan, name, part)
        _final_chord(plan, name, part)
    rows = [(LPD5.index(name), *note) for name, part in parts.items() for note in part.notes]
    instrument, start, length, pitch, velocity = zip(*rows, strict=True)
    notes = Notes.tidy(instrument, pitch, start, length, velocity)
    return Composition(plan, genre, Song(LPD5, notes, plan.steps, FINE_STEPS_PER_BEAT, _tempo(plan)))


def _stagger_entry(plan: Plan, name: str, part: Part) -> None:
    """Instruments enter one after the other during the introduction."""
    entry = plan.rng("entry", name).choice((0, 0, 1, 2)) if name != LPD5.lead else 0
    part.notes = [note for note in part.notes if note[0] >= entry * FINE_STEPS_PER_BAR]


def _final_chord(plan: Plan, name: str, part: Part) -> None:
    """The last bar: all instruments hold the tonic chord."""
    start, length, chord = plan.steps - FINE_STEPS_PER_BAR, FINE_STEPS_PER_BAR, plan.final_chord
    if name == "drums":
        for drum in (drums.KICK, drums.CRASH):
            part.add(start, 2, drum, 1.0)
    elif name == "bass":
        part.add(start, length, nearest(chord.root, 34, 28, 45), 0.9)
    elif name == "piano":
        root = nearest(chord.root, 45, 40, 51)
        part.chord(start, length, (root, *voice(chord.colour(3), (), 55, 72), nearest(chord.root, 77, 72, 83)), 0.85)
    else:
        low, high = (47, 67) if name == "guitar" else (55, 79)
        part.chord(start, length, voice(chord.colour(4)[::-1], (), low, high), 0.75)


def _tempo(plan: Plan) -> tuple[tuple[int, float], ...]:
    """One tempo; some songs slow down, beat by beat, through their last two bars."""
    if not plan.slows_down:
        return ((0, plan.tempo),)
    first = plan.steps - 2 * FINE_STEPS_PER_BAR
    slower = ((first + beat * FINE_STEPS_PER_BEAT, plan.tempo * (1 - 0.03 * (beat + 1))) for beat in range(8))
    return ((0, plan.tempo), *slower)
