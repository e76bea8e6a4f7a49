"""One song being written: asks the networks, chooses, and keeps what has been written. numpy alone.

A song is a generator of questions (`Feed`, `Decide`, `Hear`, `LookBack`) to the networks; whoever runs it answers, for
many songs at once. Knows no networks.
"""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.models.chart.choices import BREVITY, LEAST, SURER, Boldness, Scores, choose, draw_latent
from pianoroll_vae.models.chart.stream import MEMORY_BARS, NEW, NOTE, REPEATS, RESTS
from pianoroll_vae.music.bars import BAR_STEPS, NOTE_COLUMNS, BarNotes

MOST_TOGETHER = 6
"""Notes that an instrument begins at once: a chord that has gone astray climbs on and on, since its notes only rise."""

MOST_NOTES = 96
"""In a bar of one instrument, whatever the networks say."""

WROTE_NEW = MEMORY_BARS + 1


@dataclass(frozen=True)
class Token:
    """What the decoder reads next: a heading, with what is known of its bar, or a note."""

    who: int
    says: int
    time: int
    note: tuple[int, ...] = (0,) * NOTE_COLUMNS
    latent: Scores | None = None
    content: Scores | None = None


@dataclass(frozen=True)
class Feed:
    """What has been written since; answered with what the decoder makes of the last of it (width,)."""

    tokens: Sequence[Token]


@dataclass(frozen=True)
class NextNote:
    """Scores of the next note of `who`, asked for in turn: the place; the pitch there; length and velocity of it."""

    who: int
    hidden: Any
    place: int | None = None
    pitch: int | None = None


@dataclass(frozen=True)
class Hear:
    """A bar's notes; answered with content (content,) and the latent's mean (latent_size,)."""

    who: int
    notes: BarNotes


@dataclass(frozen=True)
class LookBack:
    """The bar that is complete: content (players, content), deed (players,); answered with what both latent networks
    make of the past: that of the lead and that of the followers (width,) each."""

    bar: int
    content: Scores
    deed: NDArray[np.int64]


@dataclass(frozen=True)
class Decide:
    """What `who` does next; answered with scores: kind (3,), back (MEMORY_BARS,), weight (components,), mean and
    log_deviation (components, latent_size)."""

    who: int
    past: Any
    content: Scores
    deed: NDArray[np.int64]
    mine: Scores
    there: NDArray[np.bool_]


Question = Feed | NextNote | Hear | LookBack | Decide

Given = Callable[[int, int], BarNotes | None]
"""Bar and instrument to the notes that are given there, None where they are to be written."""


@dataclass(frozen=True)
class Wanted:
    """What a bar to be written shall be, where the latent networks are not to decide it."""

    latent: Scores | None
    """None: a rest."""

    like: int = -1
    """The bar of this song that it shall repeat; -1: none."""

    guide: BarNotes | None = None
    """Notes to follow."""

    follow: float = 0.0
    """How likely each choice is the guide's."""


Wants = Callable[[int, int], Wanted | None]


def nothing_wanted(bar: int, who: int) -> Wanted | None:
    return None


@dataclass
class SongWriter:
    """Writes the bars of one song in order. `order`: who writes first; `pitched`: not drums, whose lengths are one."""

    order: tuple[int, ...]
    lead: int
    drums: Sequence[bool]
    boldness: Sequence[Boldness]
    chance: np.random.Generator
    content_size: int
    cells: list[list[BarNotes]] = field(default_factory=list)
    """What each instrument plays in each bar."""

    _content: list[Scores] = field(default_factory=list)
    _names: list[dict[bytes, int]] = field(default_factory=list)
    """For each instrument, the last bar in which it played these very notes."""

    _untold: list[Token] = field(default_factory=list)
    """What the decoder has not read yet."""

    def write(self, bars: int, given: Given, wants: Wants = nothing_wanted) -> Generator[Question, Any, None]:
        """Ask, choose and write until the song has so many bars."""
        players = len(self.order)
        self._names = self._names or [{} for _ in range(players)]
        past: Any = None
        while len(self.cells) < bars:
            bar = len(self.cells)
            content, deed = np.zeros((players, self.content_size), np.float32), np.zeros(players, np.int64)
            cells: list[BarNotes] = [np.zeros((0, NOTE_COLUMNS), np.uint8)] * players
            settled = [who for who in self.order if given(bar, who) is not None]
            for who in (*settled, *(who for who in self.order if who not in settled)):
                notes, wanted = given(bar, who), wants(bar, who)
                if notes is not None:
                    cells[who], content[who], deed[who] = yield from self._copy(bar, who, notes)
                elif wanted is not None:
                    cells[who], content[who], deed[who] = yield from self._oblige(bar, who, wanted)
                else:
                    past = past or (yield from self._beforehand(given))
                    cells[who], content[who], deed[who] = yield from self._compose(bar, who, past, content, deed)
            for who, notes in enumerate(cells):
                if len(notes):
                    self._names[who][notes[:, :3].tobytes()] = bar
            self.cells.append(cells)
            self._content.append(content)
            past = yield LookBack(bar, content, deed)

    def _beforehand(self, given: Given) -> Generator[Question, Any, Any]:
        """A song that begins with something to write is looked at as if what is given there had come before."""
        content = np.zeros((len(self.order), self.content_size), np.float32)
        deed = np.zeros(len(self.order), np.int64)
        for who in self.order:
            notes = given(0, who)
            if notes is not None and len(notes):
                content[who], _ = yield Hear(who, notes)
                deed[who] = WROTE_NEW
        return (yield LookBack(0, content, deed))

    def _copy(self, bar: int, who: int, notes: BarNotes) -> Generator[Question, Any, tuple[BarNotes, Scores, int]]:
        """Notes that are given: the decoder reads them as if they had been written."""
        if not len(notes):
            self._untold.append(Token(who, RESTS, bar * BAR_STEPS))
            return notes, np.zeros(self.content_size, np.float32), 0
        content, latent = yield Hear(who, notes)
        back = bar - self._names[who].get(notes[:, :3].tobytes(), -MEMORY_BARS - 1)
        if back <= MEMORY_BARS:
            self._untold.append(Token(who, REPEATS, bar * BAR_STEPS, content=content))
            return notes, content, back
        self._untold.append(Token(who, NEW, bar * BAR_STEPS, latent=latent))
        self._untold += [self._note(bar, who, tuple(note)) for note in notes.tolist()]
        return notes, content, WROTE_NEW

    def _compose(
        self, bar: int, who: int, past: Any, content: Scores, deed: NDArray[np.int64]
    ) -> Generator[Question, Any, tuple[BarNotes, Scores, int]]:
        bold = self.boldness[who]
        memory = range(bar - 1, bar - 1 - MEMORY_BARS, -1)
        there = np.array([b >= 0 and len(self.cells[b][who]) > 0 for b in memory])
        mine = np.stack([self._content[b][who] if b >= 0 else np.zeros_like(content[who]) for b in memory])
        kind, back, weight, mean, log_deviation = yield Decide(
            who, past[0 if who == self.lead else 1], content.copy(), deed.copy(), mine, there
        )
        form = bold.form * (SURER if there[0] else 1)
        does = choose(kind, form, self.chance)
        if does == RESTS:
            return self._rest(bar, who)
        if does == REPEATS:
            return self._repeat(bar, who, bar - 1 - choose(back, form, self.chance))
        return (yield from self._invent(bar, who, draw_latent(weight, mean, log_deviation, bold.latent, self.chance)))

    def _oblige(self, bar: int, who: int, wanted: Wanted) -> Generator[Question, Any, tuple[BarNotes, Scores, int]]:
        if wanted.latent is None:
            return self._rest(bar, who)
        if wanted.like >= 0 and len(self.cells[wanted.like][who]):
            if wanted.like < bar - MEMORY_BARS:
                return (yield from self._copy(bar, who, self.cells[wanted.like][who]))
            return self._repeat(bar, who, wanted.like)
        return (yield from self._invent(bar, who, wanted.latent, wanted))

    def _rest(self, bar: int, who: int) -> tuple[BarNotes, Scores, int]:
        self._untold.append(Token(who, RESTS, bar * BAR_STEPS))
        return np.zeros((0, NOTE_COLUMNS), np.uint8), np.zeros(self.content_size, np.float32), 0

    def _repeat(self, bar: int, who: int, origin: int) -> tuple[BarNotes, Scores, int]:
        notes, heard = self.cells[origin][who], self._content[origin][who]
        self._untold.append(Token(who, REPEATS, bar * BAR_STEPS, content=heard))
        return notes, heard, bar - self._names[who][notes[:, :3].tobytes()]

    def _invent(
        self, bar: int, who: int, latent: Scores, wanted: Wanted | None = None
    ) -> Generator[Question, Any, tuple[BarNotes, Scores, int]]:
        self._untold.append(Token(who, NEW, bar * BAR_STEPS, latent=latent))
        notes = yield from self._notes(bar, who, wanted or Wanted(latent))
        heard, _ = yield Hear(who, notes)
        return notes, heard, WROTE_NEW

    def _notes(self, bar: int, who: int, wanted: Wanted) -> Generator[Question, Any, BarNotes]:
        """A bar's notes, one after the other: never back in time, and upwards where several begin at once."""
        guide = [] if wanted.guide is None else [tuple(note) for note in wanted.guide.tolist()]
        bold, chance = self.boldness[who].notes, self.chance
        notes: list[tuple[int, ...]] = []
        at, below = 0, -1
        while len(notes) < MOST_NOTES:
            hidden = yield Feed(self._told())
            if guide and chance.random() < wanted.follow:
                ahead = [note for note in guide if note[:2] > (at, below)]
                if not ahead and notes:
                    break
                if ahead:
                    notes.append(ahead[0])
                    self._untold.append(self._note(bar, who, ahead[0]))
                    at, below = ahead[0][:2]
                    continue
            places = yield NextNote(who, hidden)
            full = sum(note[0] == at for note in notes) >= MOST_TOGETHER
            places[: at + (full or below >= 127)] = -np.inf
            if not notes:
                places[BAR_STEPS] = -np.inf
            places[BAR_STEPS] += BREVITY
            place = choose(places, bold, chance, LEAST, BAR_STEPS)
            if place == BAR_STEPS:
                break
            pitches = yield NextNote(who, hidden, place)
            if place == at:
                pitches[: below + 1] = -np.inf
            pitch = choose(pitches, bold, chance, LEAST)
            lengths, velocities = yield NextNote(who, hidden, place, pitch)
            length = 0 if self.drums[who] else choose(lengths, bold, chance, LEAST)
            note = place, pitch, length, choose(velocities, bold, chance)
            notes.append(note)
            self._untold.append(self._note(bar, who, note))
            at, below = place, pitch
        return np.array(notes, np.uint8)

    def _note(self, bar: int, who: int, note: tuple[int, ...]) -> Token:
        return Token(who, NOTE, bar * BAR_STEPS + note[0], note)

    def _told(self) -> list[Token]:
        told, self._untold = self._untold, []
        return told
