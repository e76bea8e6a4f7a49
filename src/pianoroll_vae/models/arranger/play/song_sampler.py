"""One song being written: asks the networks, chooses, and keeps what has been written."""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.models.arranger.play.batch_decoder import NO_NOTES, BarRequest, SamplingParams, Song
from pianoroll_vae.models.arranger.play.decoding import MOST_NOTES
from pianoroll_vae.models.arranger.play.song_state import SongState
from pianoroll_vae.models.arranger.sampling import LONG_REST, Scores, Temperatures, choose, draw_latent, roused
from pianoroll_vae.models.arranger.tokens import MEMORY_BARS, NEW, REPEAT, REST
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


def nothing_wanted(bar: int, instrument: int) -> Wanted | None:
    return None


@dataclass
class SongSampler:
    """Writes the bars of one song in order. `order`: who writes first; `drums`: whose lengths are all one."""

    state: SongState
    order: tuple[int, ...]
    drums: Sequence[bool]
    temperature: Sequence[Temperatures]
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
        instruments = len(self.order)
        while len(self.cells) < bars:
            bar = len(self.cells)
            content, action = np.zeros((instruments, self.content_size), np.float32), np.zeros(instruments, np.int64)
            cells: list[BarNotes] = [NO_NOTES] * instruments
            settled = [instrument for instrument in self.order if given(bar, instrument) is not None]
            for instrument in (*settled, *(instrument for instrument in self.order if instrument not in settled)):
                notes, wanted = given(bar, instrument), wants(bar, instrument)
                if notes is not None:
                    cells[instrument], content[instrument], action[instrument] = yield from self._copy(
                        bar, instrument, notes
                    )
                elif wanted is not None:
                    cells[instrument], content[instrument], action[instrument] = yield from self._oblige(
                        bar, instrument, wanted
                    )
                else:
                    if not self.state.past:
                        self._look_ahead(given)
                    cells[instrument], content[instrument], action[instrument] = yield from self._compose(
                        bar, instrument, content, action
                    )
            for instrument, notes in enumerate(cells):
                if len(notes):
                    self._played[instrument] += 1, len(notes)
                    self._names[instrument][notes[:, :3].tobytes()] = bar
            self.cells.append(cells)
            self._recent = np.concatenate([content[None], self._recent[:-1]])
            self.state.look_back(bar, content, action)
            bar_done()

    def _look_ahead(self, given: Given) -> None:
        """A song that begins with something to write is looked at as if what is given there had come before."""
        content = np.zeros((len(self.order), self.content_size), np.float32)
        action = np.zeros(len(self.order), np.int64)
        for instrument in self.order:
            notes = given(0, instrument)
            if notes is not None and len(notes):
                content[instrument], _ = self.state.hear(instrument, notes)
                action[instrument] = WROTE_NEW
        self.state.look_back(0, content, action)

    def _copy(self, bar: int, instrument: int, notes: BarNotes) -> Generator[BarRequest, BarNotes, Did]:
        """Notes that are given: the decoder reads them as if they had been written."""
        if not len(notes):
            return (yield from self._rest(bar, instrument))
        content, latent = self.state.hear(instrument, notes)
        back = bar - self._names[instrument].get(notes[:, :3].tobytes(), -MEMORY_BARS - 1)
        if back <= MEMORY_BARS:
            yield BarRequest(instrument, bar, self.state.heading(instrument, REPEAT, bar, content=content))
            return notes, content, back
        yield BarRequest(instrument, bar, self.state.heading(instrument, NEW, bar, latent=latent), notes)
        return notes, content, WROTE_NEW

    def _compose(
        self, bar: int, instrument: int, content: Scores, action: NDArray[np.int64]
    ) -> Generator[BarRequest, BarNotes, Did]:
        bold = self.temperature[instrument]
        mine = self._recent[:, instrument]
        output = self.state.decide(instrument, content, action, mine, np.asarray(mine.any(-1)))
        kind = output.kind
        if self._names[instrument] and bar - max(self._names[instrument].values()) > LONG_REST:
            kind = roused(kind)
        does = choose(kind, bold.form, self.rng)
        if does == REST:
            return (yield from self._rest(bar, instrument))
        if does == REPEAT:
            return (yield from self._repeat(bar, instrument, bar - 1 - choose(output.back, bold.form, self.rng)))
        latent = draw_latent(output.weight, output.mean, output.log_deviation, bold.latent, self.rng)
        return (yield from self._invent(bar, instrument, Wanted(latent)))

    def _oblige(self, bar: int, instrument: int, wanted: Wanted) -> Generator[BarRequest, BarNotes, Did]:
        if wanted.latent is None:
            return (yield from self._rest(bar, instrument))
        if wanted.like >= 0 and len(self.cells[wanted.like][instrument]):
            if wanted.like < bar - MEMORY_BARS:
                return (yield from self._copy(bar, instrument, self.cells[wanted.like][instrument]))
            return (yield from self._repeat(bar, instrument, wanted.like))
        return (yield from self._invent(bar, instrument, wanted))

    def _rest(self, bar: int, instrument: int) -> Generator[BarRequest, BarNotes, Did]:
        yield BarRequest(instrument, bar, self.state.heading(instrument, REST, bar))
        return NO_NOTES, np.zeros(self.content_size, np.float32), 0

    def _repeat(self, bar: int, instrument: int, origin: int) -> Generator[BarRequest, BarNotes, Did]:
        notes, heard = self.cells[origin][instrument], self._recent[bar - 1 - origin, instrument]
        yield BarRequest(instrument, bar, self.state.heading(instrument, REPEAT, bar, content=heard))
        return notes, heard, bar - self._names[instrument][notes[:, :3].tobytes()]

    def _invent(self, bar: int, instrument: int, wanted: Wanted) -> Generator[BarRequest, BarNotes, Did]:
        how = SamplingParams(
            self.temperature[instrument].notes,
            self._usual(instrument),
            self.drums[instrument],
            self.rng.random((MOST_NOTES, 5)),
            wanted.guide,
            wanted.follow,
        )
        notes = yield BarRequest(
            instrument, bar, self.state.heading(instrument, NEW, bar, latent=wanted.latent), how=how
        )
        heard, _ = self.state.hear(instrument, notes)
        return notes, heard, WROTE_NEW

    def _usual(self, instrument: int) -> float:
        """How many notes a bar has in which it plays; as many as can be where it has not played yet."""
        bars, notes = self._played[instrument]
        return float(notes / bars) if bars else MOST_NOTES
