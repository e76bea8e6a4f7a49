"""Samples one song bar by bar: what each instrument does next, from the prior, and what its bar is decoded from."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.models.arranger.parameters import WROTE_NEW
from pianoroll_vae.models.arranger.play.batch_decoder import NO_NOTES, BarRequest, SamplingParams, SongBars
from pianoroll_vae.models.arranger.play.given import BarLatent, Given
from pianoroll_vae.models.arranger.play.kernels import Array
from pianoroll_vae.models.arranger.play.song_state import SongState
from pianoroll_vae.models.arranger.sampling import (
    LONG_REST_BARS,
    MAX_NOTES,
    UNIFORMS,
    Temperatures,
    limit_long_rest,
    sample,
    sample_latent,
)
from pianoroll_vae.models.arranger.tokens import MEMORY_BARS, NEW, REPEAT, REST
from pianoroll_vae.music.bars import BarNotes


@dataclass(frozen=True)
class _Bar:
    """One instrument's bar: the decoder's request, and what is decided before decoding."""

    request: BarRequest
    action: int
    notes: BarNotes = field(default_factory=lambda: NO_NOTES)
    content: Array | None = None
    """(content,), what the encoder makes of the notes; None: a rest, or notes yet to be sampled."""


@dataclass
class SongSampler:
    """One song. `order`: the instruments in decoding order; `drums`: those whose notes have one length."""

    state: SongState
    order: tuple[int, ...]
    drums: Sequence[bool]
    temperatures: Sequence[Temperatures]
    rng: np.random.Generator
    content_size: int
    cells: list[list[BarNotes]] = field(default_factory=list)
    """The notes of each bar and instrument."""

    _recent: Array = field(init=False)
    """(MEMORY_BARS, instruments, content): the content of the last bars, the latest first; zeros for rests."""

    _last_bar: list[dict[bytes, int]] = field(init=False)
    """For each instrument, the last bar in which it played exactly these notes."""

    _played: NDArray[np.int64] = field(init=False)
    """(instruments, 2): bars with notes, and notes."""

    def __post_init__(self) -> None:
        self._recent = np.zeros((MEMORY_BARS, len(self.order), self.content_size), np.float32)
        self._last_bar = [{} for _ in self.order]
        self._played = np.zeros((len(self.order), 2), np.int64)

    def sample(self, bars: int, given: Given, bar_done: Callable[[], None] = lambda: None) -> SongBars:
        """Request bars from the decoder until the song has so many."""
        while len(self.cells) < bars:
            bar, cells = len(self.cells), [NO_NOTES] * len(self.order)
            content, action = self._empty_bar()
            for instrument in self._order_in(bar, given):
                planned = self._plan(bar, instrument, given, content, action)
                sampled = yield planned.request
                cells[instrument] = planned.notes if planned.request.sampling is None else sampled
                if planned.content is not None:
                    content[instrument] = planned.content
                elif len(cells[instrument]):
                    content[instrument], _ = self.state.encode(instrument, cells[instrument])
                action[instrument] = planned.action
            for instrument, notes in enumerate(cells):
                if len(notes):
                    self._played[instrument] += 1, len(notes)
                    self._last_bar[instrument][_key(notes)] = bar
            self.cells.append(cells)
            self._recent = np.concatenate([content[None], self._recent[:-1]])
            self.state.append_bar(bar, content, action)
            bar_done()

    def _empty_bar(self) -> tuple[Array, NDArray[np.int64]]:
        """Content (instruments, content) and action (instruments,) of a bar in which all rest."""
        return np.zeros((len(self.order), self.content_size), np.float32), np.zeros(len(self.order), np.int64)

    def _order_in(self, bar: int, given: Given) -> list[int]:
        """Instruments whose notes are given come first, so that the others are decoded to them."""
        return sorted(self.order, key=lambda instrument: not isinstance(given(bar, instrument), np.ndarray))

    def _plan(self, bar: int, instrument: int, given: Given, content: Array, action: NDArray[np.int64]) -> _Bar:
        target = given(bar, instrument)
        if isinstance(target, BarLatent):
            return self._from_latent(bar, instrument, target)
        if target is not None:
            return self._from_notes(bar, instrument, target)
        if not self.state.history:
            self._begin_history(given)
        return self._from_prior(bar, instrument, content, action)

    def _begin_history(self, given: Given) -> None:
        """The prior needs a bar before the song's first one: the notes that are given in the first stand for it."""
        content, action = self._empty_bar()
        for instrument in self.order:
            notes = given(0, instrument)
            if isinstance(notes, np.ndarray) and len(notes):
                content[instrument], _ = self.state.encode(instrument, notes)
                action[instrument] = WROTE_NEW
        self.state.append_bar(0, content, action)

    def _from_notes(self, bar: int, instrument: int, notes: BarNotes) -> _Bar:
        """Given notes: the decoder reads them as if it had sampled them."""
        if not len(notes):
            return self._rest(bar, instrument)
        content, latent = self.state.encode(instrument, notes)
        back = bar - self._last_bar[instrument].get(_key(notes), -MEMORY_BARS - 1)
        if back <= MEMORY_BARS:
            heading = self.state.heading(instrument, REPEAT, bar, content=content)
            return _Bar(BarRequest(instrument, bar, heading), back, notes, content)
        heading = self.state.heading(instrument, NEW, bar, latent=latent)
        return _Bar(BarRequest(instrument, bar, heading, notes), WROTE_NEW, notes, content)

    def _from_latent(self, bar: int, instrument: int, target: BarLatent) -> _Bar:
        if target.latent is None:
            return self._rest(bar, instrument)
        if target.same_as >= 0 and len(self.cells[target.same_as][instrument]):
            if target.same_as < bar - MEMORY_BARS:
                return self._from_notes(bar, instrument, self.cells[target.same_as][instrument])
            return self._repeat(bar, instrument, target.same_as)
        return self._new(bar, instrument, target)

    def _from_prior(self, bar: int, instrument: int, content: Array, action: NDArray[np.int64]) -> _Bar:
        temperatures, recent = self.temperatures[instrument], self._recent[:, instrument]
        prior = self.state.predict(instrument, content, action, recent, np.asarray(recent.any(-1)))
        kind = prior.kind
        if self._last_bar[instrument] and bar - max(self._last_bar[instrument].values()) > LONG_REST_BARS:
            kind = limit_long_rest(kind)
        sampled = sample(kind, temperatures.action, self.rng)
        if sampled == REST:
            return self._rest(bar, instrument)
        if sampled == REPEAT:
            return self._repeat(bar, instrument, bar - 1 - sample(prior.back, temperatures.action, self.rng))
        mixture = prior.weight, prior.mean, prior.log_deviation
        return self._new(bar, instrument, BarLatent(sample_latent(*mixture, temperatures.latent, self.rng)))

    def _rest(self, bar: int, instrument: int) -> _Bar:
        return _Bar(BarRequest(instrument, bar, self.state.heading(instrument, REST, bar)), 0)

    def _repeat(self, bar: int, instrument: int, origin: int) -> _Bar:
        notes, content = self.cells[origin][instrument], self._recent[bar - 1 - origin, instrument]
        heading = self.state.heading(instrument, REPEAT, bar, content=content)
        back = bar - self._last_bar[instrument][_key(notes)]
        return _Bar(BarRequest(instrument, bar, heading), back, notes, content)

    def _new(self, bar: int, instrument: int, target: BarLatent) -> _Bar:
        sampling = SamplingParams(
            self.temperatures[instrument].notes,
            self._mean_notes(instrument),
            self.drums[instrument],
            self.rng.random((MAX_NOTES, UNIFORMS)),
            target.guide,
            target.guide_probability,
        )
        heading = self.state.heading(instrument, NEW, bar, latent=target.latent)
        return _Bar(BarRequest(instrument, bar, heading, sampling=sampling), WROTE_NEW)

    def _mean_notes(self, instrument: int) -> float:
        """Notes in a bar in which the instrument plays; before its first, MAX_NOTES: no bar has an excess."""
        bars, notes = self._played[instrument]
        return float(notes / bars) if bars else MAX_NOTES


def _key(notes: BarNotes) -> bytes:
    """Equal for bars that are the same but for velocities."""
    return notes[:, :3].tobytes()
