"""Draws the plan of a song from the rules of its genre: key, tempo, sections and their chords."""

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
    """`repeat`: the number of earlier sections of the same kind; repeats are varied."""

    kind: str
    repeat: int
    first_bar: int
    bars: tuple[Bar, ...]

    @property
    def energy(self) -> float:
        return min(1.0, ENERGY[self.kind] + 0.05 * self.repeat)


@dataclass(frozen=True)
class Measure:
    """A bar: its section, its index in the section, its number in the song, its chords and the chord after it."""

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
        """All bars except the last one, which is the final chord."""
        chords = [bar for section in self.sections for bar in section.bars]
        for section in self.sections:
            for index, bar in enumerate(section.bars):
                number = section.first_bar + index
                if number + 1 < len(chords):
                    yield Measure(section, index, number, bar, chords[number + 1][0])

    def rng(self, *about: object) -> Random:
        """A random generator for one decision. The same name gives the same numbers, so that the material of a section
        returns with it."""
        return Random("/".join((self.seed, *map(str, about))))

    def eighth(self, measure: Measure, count: int) -> int:
        """The step of the bar's eighth note `count`; in swing the second of a pair is on the last triplet."""
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
        absent=rng.choice(genre.may_be_absent) if number % 7 == 5 else None,
        slows_down=rng.random() < 0.5,
    )
