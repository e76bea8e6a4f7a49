"""One song being written: asks the networks, chooses, and keeps what has been written."""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.models.arranger.play.batch_decoder import NO_NOTES, How, Line, Song
from pianoroll_vae.models.arranger.play.decoding import MOST_NOTES
from pianoroll_vae.models.arranger.play.song_state import Player
from pianoroll_vae.models.arranger.sampling import LONG_REST, Boldness, Scores, choose, draw_latent, roused
from pianoroll_vae.models.arranger.tokens import MEMORY_BARS, NEW, REPEATS, RESTS
from pianoroll_vae.music.bars import BarNotes

WROTE_NEW = MEMORY_BARS + 1

Did = tuple[BarNotes, Scores, int]
"""What an instrument did in a bar: notes, their content (content,), the deed."""

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
    rng: np.random.Generator
    content_size: int
    cells: list[list[BarNotes]] = field(default_factory=list)
    """What each instrument plays in each bar."""

    _recent: Scores = field(init=False)
    """(MEMORY_BARS, players, content): what was heard of the last bars, the last one first; zeros for rests."""

    _names: list[dict[bytes, int]] = field(init=False)
    """For each instrument, the last bar in which it played these very notes."""

    _played: NDArray[np.int64] = field(init=False)
    """(players, 2): in how many bars each has played, and how many notes."""

    def __post_init__(self) -> None:
        self._names = [{} for _ in self.order]
        self._recent = np.zeros((MEMORY_BARS, len(self.order), self.content_size), np.float32)
        self._played = np.zeros((len(self.order), 2), np.int64)

    def write(
        self,
        bars: int,
        given: Given,
        wants: Wants = nothing_wanted,
        bar_done: Callable[[], None] = lambda: None,
    ) -> Song:
        """Ask, choose and have written until the song has so many bars."""
        players = len(self.order)
        while len(self.cells) < bars:
            bar = len(self.cells)
            content, deed = np.zeros((players, self.content_size), np.float32), np.zeros(players, np.int64)
            cells: list[BarNotes] = [NO_NOTES] * players
            settled = [who for who in self.order if given(bar, who) is not None]
            for who in (*settled, *(who for who in self.order if who not in settled)):
                notes, wanted = given(bar, who), wants(bar, who)
                if notes is not None:
                    cells[who], content[who], deed[who] = yield from self._copy(bar, who, notes)
                elif wanted is not None:
                    cells[who], content[who], deed[who] = yield from self._oblige(bar, who, wanted)
                else:
                    if not self.player.past:
                        self._look_ahead(given)
                    cells[who], content[who], deed[who] = yield from self._compose(bar, who, content, deed)
            for who, notes in enumerate(cells):
                if len(notes):
                    self._played[who] += 1, len(notes)
                    self._names[who][notes[:, :3].tobytes()] = bar
            self.cells.append(cells)
            self._recent = np.concatenate([content[None], self._recent[:-1]])
            self.player.look_back(bar, content, deed)
            bar_done()

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

    def _copy(self, bar: int, who: int, notes: BarNotes) -> Generator[Line, BarNotes, Did]:
        """Notes that are given: the decoder reads them as if they had been written."""
        if not len(notes):
            return (yield from self._rest(bar, who))
        content, latent = self.player.hear(who, notes)
        back = bar - self._names[who].get(notes[:, :3].tobytes(), -MEMORY_BARS - 1)
        if back <= MEMORY_BARS:
            yield Line(who, bar, self.player.heading(who, REPEATS, bar, content=content))
            return notes, content, back
        yield Line(who, bar, self.player.heading(who, NEW, bar, latent=latent), notes)
        return notes, content, WROTE_NEW

    def _compose(self, bar: int, who: int, content: Scores, deed: NDArray[np.int64]) -> Generator[Line, BarNotes, Did]:
        bold = self.boldness[who]
        mine = self._recent[:, who]
        said = self.player.decide(who, content, deed, mine, np.asarray(mine.any(-1)))
        kind = said.kind
        if self._names[who] and bar - max(self._names[who].values()) > LONG_REST:
            kind = roused(kind)
        does = choose(kind, bold.form, self.rng)
        if does == RESTS:
            return (yield from self._rest(bar, who))
        if does == REPEATS:
            return (yield from self._repeat(bar, who, bar - 1 - choose(said.back, bold.form, self.rng)))
        latent = draw_latent(said.weight, said.mean, said.log_deviation, bold.latent, self.rng)
        return (yield from self._invent(bar, who, Wanted(latent)))

    def _oblige(self, bar: int, who: int, wanted: Wanted) -> Generator[Line, BarNotes, Did]:
        if wanted.latent is None:
            return (yield from self._rest(bar, who))
        if wanted.like >= 0 and len(self.cells[wanted.like][who]):
            if wanted.like < bar - MEMORY_BARS:
                return (yield from self._copy(bar, who, self.cells[wanted.like][who]))
            return (yield from self._repeat(bar, who, wanted.like))
        return (yield from self._invent(bar, who, wanted))

    def _rest(self, bar: int, who: int) -> Generator[Line, BarNotes, Did]:
        yield Line(who, bar, self.player.heading(who, RESTS, bar))
        return NO_NOTES, np.zeros(self.content_size, np.float32), 0

    def _repeat(self, bar: int, who: int, origin: int) -> Generator[Line, BarNotes, Did]:
        notes, heard = self.cells[origin][who], self._recent[bar - 1 - origin, who]
        yield Line(who, bar, self.player.heading(who, REPEATS, bar, content=heard))
        return notes, heard, bar - self._names[who][notes[:, :3].tobytes()]

    def _invent(self, bar: int, who: int, wanted: Wanted) -> Generator[Line, BarNotes, Did]:
        how = How(
            self.boldness[who].notes,
            self._usual(who),
            self.drums[who],
            self.rng.random((MOST_NOTES, 5)),
            wanted.guide,
            wanted.follow,
        )
        notes = yield Line(who, bar, self.player.heading(who, NEW, bar, latent=wanted.latent), how=how)
        heard, _ = self.player.hear(who, notes)
        return notes, heard, WROTE_NEW

    def _usual(self, who: int) -> float:
        """How many notes a bar has in which it plays; as many as can be where it has not played yet."""
        bars, notes = self._played[who]
        return float(notes / bars) if bars else MOST_NOTES
