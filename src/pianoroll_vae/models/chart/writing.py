"""One song being written: asks the networks, chooses, and keeps what has been written."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.models.chart.choices import LONG_REST, Boldness, Scores, choose, draw_latent, roused
from pianoroll_vae.models.chart.player import MOST_NOTES, NO_GUIDE, Player
from pianoroll_vae.models.chart.stream import MEMORY_BARS, NEW, REPEATS, RESTS
from pianoroll_vae.music.bars import NOTE_COLUMNS, BarNotes

WROTE_NEW = MEMORY_BARS + 1


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
    """Writes the bars of one song in order. `order`: who writes first; `drums`: whose lengths are all one."""

    player: Player
    order: tuple[int, ...]
    drums: Sequence[bool]
    boldness: Sequence[Boldness]
    chance: np.random.Generator
    content_size: int
    cells: list[list[BarNotes]] = field(default_factory=list)
    """What each instrument plays in each bar."""

    _content: list[Scores] = field(default_factory=list)
    _names: list[dict[bytes, int]] = field(init=False)
    """For each instrument, the last bar in which it played these very notes."""

    _played: NDArray[np.int64] = field(init=False)
    """(players, 2): in how many bars each has played, and how many notes."""

    def __post_init__(self) -> None:
        self._names = [{} for _ in self.order]
        self._played = np.zeros((len(self.order), 2), np.int64)

    def write(self, bars: int, given: Given, wants: Wants = nothing_wanted) -> Iterator[None]:
        """Ask, choose and write until the song has so many bars; each turn is one of them."""
        players = len(self.order)
        while len(self.cells) < bars:
            bar = len(self.cells)
            content, deed = np.zeros((players, self.content_size), np.float32), np.zeros(players, np.int64)
            cells: list[BarNotes] = [np.zeros((0, NOTE_COLUMNS), np.uint8)] * players
            settled = [who for who in self.order if given(bar, who) is not None]
            for who in (*settled, *(who for who in self.order if who not in settled)):
                notes, wanted = given(bar, who), wants(bar, who)
                if notes is not None:
                    cells[who], content[who], deed[who] = self._copy(bar, who, notes)
                elif wanted is not None:
                    cells[who], content[who], deed[who] = self._oblige(bar, who, wanted)
                else:
                    if not self.player.past:
                        self._look_ahead(given)
                    cells[who], content[who], deed[who] = self._compose(bar, who, content, deed)
            for who, notes in enumerate(cells):
                if len(notes):
                    self._played[who] += 1, len(notes)
                    self._names[who][notes[:, :3].tobytes()] = bar
            self.cells.append(cells)
            self._content.append(content)
            self.player.look_back(bar, content, deed)
            yield

    def _look_ahead(self, given: Given) -> None:
        """A song that begins with something to write is looked at as if what is given there had come before."""
        content = np.zeros((len(self.order), self.content_size), np.float32)
        deed = np.zeros(len(self.order), np.int64)
        for who in self.order:
            notes = given(0, who)
            if notes is not None and len(notes):
                content[who], _ = self.player.hear(who, notes)
                deed[who] = WROTE_NEW
        self.player.look_back(0, content, deed)

    def _copy(self, bar: int, who: int, notes: BarNotes) -> tuple[BarNotes, Scores, int]:
        """Notes that are given: the decoder reads them as if they had been written."""
        if not len(notes):
            return self._rest(bar, who)
        content, latent = self.player.hear(who, notes)
        back = bar - self._names[who].get(notes[:, :3].tobytes(), -MEMORY_BARS - 1)
        if back <= MEMORY_BARS:
            self.player.read_heading(who, REPEATS, bar, content=content)
            return notes, content, back
        self.player.read_heading(who, NEW, bar, latent=latent)
        self.player.read_notes(who, bar, notes)
        return notes, content, WROTE_NEW

    def _compose(self, bar: int, who: int, content: Scores, deed: NDArray[np.int64]) -> tuple[BarNotes, Scores, int]:
        bold = self.boldness[who]
        mine, there = np.zeros((MEMORY_BARS, self.content_size), np.float32), np.zeros(MEMORY_BARS, bool)
        for ago in range(min(bar, MEMORY_BARS)):
            mine[ago], there[ago] = self._content[bar - 1 - ago][who], len(self.cells[bar - 1 - ago][who]) > 0
        said = self.player.decide(who, content, deed, mine, there)
        kind = said.kind
        if self._names[who] and bar - max(self._names[who].values()) > LONG_REST:
            kind = roused(kind)
        does = choose(kind, bold.form, self.chance)
        if does == RESTS:
            return self._rest(bar, who)
        if does == REPEATS:
            return self._repeat(bar, who, bar - 1 - choose(said.back, bold.form, self.chance))
        latent = draw_latent(said.weight, said.mean, said.log_deviation, bold.latent, self.chance)
        return self._invent(bar, who, Wanted(latent))

    def _usual(self, who: int) -> float:
        """How many notes a bar has in which it plays; as many as can be where it has not played yet."""
        bars, notes = self._played[who]
        return float(notes / bars) if bars else MOST_NOTES

    def _oblige(self, bar: int, who: int, wanted: Wanted) -> tuple[BarNotes, Scores, int]:
        if wanted.latent is None:
            return self._rest(bar, who)
        if wanted.like >= 0 and len(self.cells[wanted.like][who]):
            if wanted.like < bar - MEMORY_BARS:
                return self._copy(bar, who, self.cells[wanted.like][who])
            return self._repeat(bar, who, wanted.like)
        return self._invent(bar, who, wanted)

    def _rest(self, bar: int, who: int) -> tuple[BarNotes, Scores, int]:
        self.player.read_heading(who, RESTS, bar)
        return np.zeros((0, NOTE_COLUMNS), np.uint8), np.zeros(self.content_size, np.float32), 0

    def _repeat(self, bar: int, who: int, origin: int) -> tuple[BarNotes, Scores, int]:
        notes, heard = self.cells[origin][who], self._content[origin][who]
        self.player.read_heading(who, REPEATS, bar, content=heard)
        return notes, heard, bar - self._names[who][notes[:, :3].tobytes()]

    def _invent(self, bar: int, who: int, wanted: Wanted) -> tuple[BarNotes, Scores, int]:
        self.player.read_heading(who, NEW, bar, latent=wanted.latent)
        guide = NO_GUIDE if wanted.guide is None else wanted.guide
        bold = self.boldness[who].notes
        notes = self.player.write_notes(
            who, bar, bold, self.drums[who], self._usual(who), self.chance, guide, wanted.follow
        )
        heard, _ = self.player.hear(who, notes)
        return notes, heard, WROTE_NEW
