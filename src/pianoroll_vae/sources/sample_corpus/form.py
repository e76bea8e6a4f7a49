"""A song's plan: key, tempo, sections and their chords, drawn from the rules of its genre.

The plan is all the players share; it never knows what any of them plays.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from pianoroll_vae.music.resolution import FINE_STEPS_PER_BAR, FINE_STEPS_PER_BEAT
from pianoroll_vae.sources.sample_corpus.harmony import Bar, Chord, read_progression
from pianoroll_vae.sources.sample_corpus.styles import GENRES, Genre

EIGHTH = FINE_STEPS_PER_BEAT // 2
ENERGY = {"intro": 0.5, "verse": 0.6, "chorus": 0.9, "bridge": 0.7, "solo": 0.85, "ending": 0.75}


@dataclass(frozen=True)
class Section:
    """`take` counts how often this kind of section has been heard before: 0 states it, later takes vary it."""

    kind: str
    take: int
    first_bar: int
    bars: tuple[Bar, ...]

    @property
    def energy(self) -> float:
        return min(1.0, ENERGY[self.kind] + 0.05 * self.take)


@dataclass(frozen=True)
class Measure:
    """One bar in its place: its section, its number within section and song, and the chord that comes after it."""

    section: Section
    index: int
    number: int
    chords: Bar
    following: Chord

    @property
    def start(self) -> int:
        return self.number * FINE_STEPS_PER_BAR

    @property
    def closes_section(self) -> bool:
        return self.index == len(self.section.bars) - 1

    def chord_at(self, step: int) -> Chord:
        return self.chords[min(step * len(self.chords) // FINE_STEPS_PER_BAR, len(self.chords) - 1)]

    def spans(self) -> Iterator[tuple[int, int, Chord]]:
        """(start, length, chord) in steps, for every chord of the bar."""
        length = FINE_STEPS_PER_BAR // len(self.chords)
        for place, chord in enumerate(self.chords):
            yield self.start + place * length, length, chord


@dataclass(frozen=True)
class Plan:
    seed: str
    genre: Genre
    tonic: int
    mode: str
    tempo: float
    sections: tuple[Section, ...]
    absent: str | None
    slows_down: bool

    @property
    def bars(self) -> int:
        return sum(len(section.bars) for section in self.sections)

    @property
    def steps(self) -> int:
        return self.bars * FINE_STEPS_PER_BAR

    @property
    def scale(self) -> str:
        return self.genre.scales[self.mode]

    @property
    def final_chord(self) -> Chord:
        return self.sections[-1].bars[-1][-1]

    def measures(self) -> Iterator[Measure]:
        """Every bar but the last, which the whole band plays together as the final chord."""
        chords = [bar for section in self.sections for bar in section.bars]
        for section in self.sections:
            for index, bar in enumerate(section.bars):
                number = section.first_bar + index
                if number + 1 < len(chords):
                    yield Measure(section, index, number, bar, chords[number + 1][0])

    def rng(self, *about: object) -> Random:
        """Chance for one named decision: asking again by the same name gives the same rolls, so that a section's
        material returns when the section does."""
        return Random("/".join((self.seed, *map(str, about))))

    def eighth(self, measure: Measure, count: int) -> int:
        """The step of the bar's eighth note `count`; in a swung song the second of a pair falls on the last triplet."""
        offbeat = 16 if self.genre.swing else 12
        return measure.start + (count // 2) * FINE_STEPS_PER_BEAT + (count % 2) * offbeat


def draw_plan(genre_name: str, number: int, seed: int) -> Plan:
    """Plan song `number` of a corpus; the same arguments give the same plan."""
    genre = GENRES[genre_name]
    name = f"{seed}/{number}/{genre_name}"
    rng = Random(f"{name}/plan")
    mode = rng.choices(list(genre.modes), weights=list(genre.modes.values()))[0]
    tonic = rng.choice(genre.keys)
    changes = {kind: rng.choice(texts) for kind, texts in genre.changes[mode].items()}
    sections: list[Section] = []
    for kind in rng.choice(genre.forms):
        progression = read_progression(changes.get(kind, changes["verse"]), tonic)
        length = 4 if kind in ("intro", "ending") else max(8, len(progression))
        bars = (progression * length)[:length]
        first_bar = sections[-1].first_bar + len(sections[-1].bars) if sections else 0
        sections.append(Section(kind, sum(one.kind == kind for one in sections), first_bar, bars))
    slowest, fastest = genre.tempo
    return Plan(
        seed=name,
        genre=genre,
        tonic=tonic,
        mode=mode,
        tempo=float(rng.randint(slowest, fastest)),
        sections=tuple(sections),
        absent=rng.choice(genre.can_miss) if number % 7 == 5 else None,
        slows_down=rng.random() < 0.5,
    )
