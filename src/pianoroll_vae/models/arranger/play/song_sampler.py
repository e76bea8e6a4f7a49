"""Samples one song bar by bar: what each instrument does next, from the prior, and what its bar is decoded from."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.models.arranger.blocks import BLOCK_BARS
from pianoroll_vae.models.arranger.parameters import WROTE_NEW
from pianoroll_vae.models.arranger.play.batch_decoder import NO_NOTES, BarRequest, SamplingParams, SongBars
from pianoroll_vae.models.arranger.play.given import GivenNotes
from pianoroll_vae.models.arranger.play.held_notes import shorten_held_notes
from pianoroll_vae.models.arranger.play.kernels import Array
from pianoroll_vae.models.arranger.play.plan import Plan
from pianoroll_vae.models.arranger.play.song_state import SongState
from pianoroll_vae.models.arranger.play.trait_control import TraitControl
from pianoroll_vae.models.arranger.sampling import (
    CHORD_STRENGTH,
    MAX_NOTES,
    OTHER_CHORD_COST,
    RETURN_BONUS,
    RETURN_SHARE,
    UNIFORMS,
    Temperatures,
    sample,
    sample_latent,
    weigh_repeats,
)
from pianoroll_vae.models.arranger.tokens import MEMORY_BARS, NEW, REPEAT, REST
from pianoroll_vae.music.bars import SILENT, BarNotes, Bars
from pianoroll_vae.music.chord_labels import NO_CHORD


@dataclass(frozen=True)
class _PlannedBar:
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
    strictness: float = 1.0
    """Factor of `CHORD_STRENGTH` and `OTHER_CHORD_COST`."""

    cells: list[list[BarNotes]] = field(default_factory=list)
    """The notes of each bar and instrument."""

    _written: list[BarNotes] = field(init=False)
    """Of each instrument, its notes in the bar that is being written, as far as it has any yet."""

    _recent: Array = field(init=False)
    """(MEMORY_BARS, instruments, content): the content of the last bars, the latest first; zeros for rests."""

    _has_notes: NDArray[np.bool_] = field(init=False)
    """(MEMORY_BARS, instruments): whether the last bars have notes, the latest first."""

    _last_bar: list[dict[bytes, int]] = field(init=False)
    """For each instrument, the last bar in which it played exactly these notes."""

    _controls: list[TraitControl] = field(init=False)
    """Of each instrument."""

    _bar_steps: list[int] = field(init=False)
    _halves: list[int] = field(init=False)
    """Of each bar: its length, and that of its first half."""

    _played: NDArray[np.int64] = field(init=False)
    """(instruments, 2): bars with notes, and notes."""

    @property
    def plan(self) -> Plan:
        return self.state.plan

    def __post_init__(self) -> None:
        self._recent = np.zeros((MEMORY_BARS, len(self.order), self.state.weights.content_size), np.float32)
        self._has_notes = np.zeros(self._recent.shape[:2], np.bool_)
        self._last_bar = [{} for _ in self.order]
        self._bar_steps, self._halves = self.plan.lines.lengths.tolist(), self.plan.lines.half.tolist()
        self._played = np.zeros((len(self.order), 2), np.int64)
        traits, model = self.plan.conditions.traits, self.state.weights.trait_model
        strength = np.broadcast_to(self.plan.trait_strength, traits.shape)
        targets = self.plan.conditions.density_targets
        targets = np.full(len(traits), np.nan) if targets is None else targets
        parts = zip(traits, model.means, strength, targets.tolist(), strict=True)
        self._controls = [TraitControl.of_part(*part) for part in parts]

    def sample(
        self, given: GivenNotes, on_bar: Callable[[list[list[BarNotes]]], None] = lambda cells: None
    ) -> SongBars:
        """Request bars from the decoder until the song is as long as its plan; on_bar: called with `cells` after
        each."""
        bars = len(self.plan.chords)
        while len(self.cells) < bars:
            bar, cells = len(self.cells), [NO_NOTES] * len(self.order)
            self._written = cells
            content, action = self._empty_bar()
            future = self._future(bar, bars, given)
            for instrument in self._order_in(bar, given):
                planned = self._plan_bar(bar, instrument, given, content, action, future)
                sampled = yield planned.request
                cells[instrument] = planned.notes if planned.request.sampling is None else self._end_notes(bar, sampled)
                if planned.content is not None:
                    content[instrument] = planned.content
                elif len(cells[instrument]):
                    content[instrument], _ = self.state.encode(instrument, cells[instrument])
                action[instrument] = planned.action
            for instrument, notes in enumerate(cells):
                if len(notes):
                    back = bar - self._last_bar[instrument].get(_key(notes), -MEMORY_BARS - 1)
                    self._controls[instrument].add_bar(notes, back if back <= MEMORY_BARS else 0)
                    self._played[instrument] += 1, len(notes)
                    self._last_bar[instrument][_key(notes)] = bar
            self.cells.append(cells)
            self._recent = np.concatenate([content[None], self._recent[:-1]])
            self._has_notes = np.concatenate([content.any(-1, keepdims=True).T, self._has_notes[:-1]])
            self.state.append_bar(bar, content, action, self.plan.chords[bar])
            on_bar(self.cells)

    def bars(self) -> Bars:
        """What was sampled."""
        return Bars.from_cells([notes for row in self.cells for notes in row], len(self.order), self.plan.lines)

    def _empty_bar(self) -> tuple[Array, NDArray[np.int64]]:
        """Content (instruments, content) and action (instruments,) of a bar in which all rest."""
        return np.zeros_like(self._recent[0]), np.zeros(len(self.order), np.int64)

    def _future(self, bar: int, bars: int, given: GivenNotes) -> Array | None:
        """(instruments, content): what is given in the next bar, zeros where nothing is; None where nothing is, or
        where nothing is sampled in this bar."""
        if bar + 1 == bars or all(given(bar, instrument) is not None for instrument in self.order):
            return None
        future, _ = self._empty_bar()
        for instrument in self.order:
            notes = given(bar + 1, instrument)
            if notes is not None and len(notes):
                content, _ = self.state.encode(instrument, notes)
                future[instrument] = content
        return future if future.any() else None

    def _order_in(self, bar: int, given: GivenNotes) -> list[int]:
        """Instruments whose notes are given come first, so that the others are decoded to them."""
        return sorted(self.order, key=lambda instrument: given(bar, instrument) is None)

    def _plan_bar(
        self,
        bar: int,
        instrument: int,
        given: GivenNotes,
        content: Array,
        action: NDArray[np.int64],
        future: Array | None,
    ) -> _PlannedBar:
        notes = given(bar, instrument)
        if notes is not None:
            return self._from_notes(bar, instrument, notes, future)
        if not self.state.history:
            self._begin_history()
        return self._from_prior(bar, instrument, content, action, future)

    def _begin_history(self) -> None:
        """The prior needs a bar before the song's first one: a silent one."""
        self.state.append_bar(0, *self._empty_bar(), np.full(2, NO_CHORD))

    def _from_notes(self, bar: int, instrument: int, notes: BarNotes, future: Array | None = None) -> _PlannedBar:
        """Given notes: the decoder reads them as if it had sampled them."""
        if not len(notes):
            return self._rest_bar(bar, instrument)
        content, latent = self.state.encode(instrument, notes)
        back = bar - self._last_bar[instrument].get(_key(notes), -MEMORY_BARS - 1)
        if back <= MEMORY_BARS:
            heading = self.state.heading(instrument, REPEAT, bar, content=content)
            return _PlannedBar(self._request(instrument, bar, heading), back, notes, content)
        heading = self.state.heading(instrument, NEW, bar, latent=latent, future=future)
        return _PlannedBar(self._request(instrument, bar, heading, notes), WROTE_NEW, notes, content)

    def _from_prior(
        self, bar: int, instrument: int, content: Array, action: NDArray[np.int64], future: Array | None
    ) -> _PlannedBar:
        if not self.plan.active[bar, instrument]:
            return self._rest_bar(bar, instrument)
        temperatures, recent = self.temperatures[instrument], self._recent[:, instrument]
        played = self._has_notes[:, instrument] & self.plan.same_length[bar]
        prior = self.state.predict(instrument, content, action, recent, played, bar, future)
        kind, back = weigh_repeats(prior.kind, prior.back, self._repeat_gain(bar, instrument))
        fits = played & ((self.plan.other_chords[bar] == 0) | self.drums[instrument])
        returned = self._returned(bar)
        by_traits = self._controls[instrument].action_logits()
        if returned and played[returned - 1]:
            # The form comes first: a part that should repeat less does so in other blocks.
            kind[REPEAT] += max(by_traits.repeat, 0.0)
        else:
            kind[REPEAT] += by_traits.repeat * fits.any()
            back[0] += by_traits.repeat_previous * fits[0]
        if self._must_play(bar, instrument):
            kind[REST] = -np.inf
        sampled = sample(kind, temperatures.action, self.rng)
        if sampled == REST:
            return self._rest_bar(bar, instrument)
        if sampled == REPEAT:
            return self._repeat_bar(bar, instrument, bar - 1 - sample(back, temperatures.action, self.rng))
        mixture = prior.weight, prior.mean, prior.log_std
        doubled = self._doubled_notes(bar, instrument)
        if len(doubled):
            return self._from_notes(bar, instrument, doubled, future)
        latent = sample_latent(*mixture, temperatures.latent, self.rng)
        if returned and len(origin := self.cells[bar - returned][instrument]):
            _, before = self.state.encode(instrument, origin)
            latent = latent + RETURN_SHARE * (before - latent)
        return self._new_bar(bar, instrument, latent, future)

    def _doubled_notes(self, bar: int, instrument: int) -> BarNotes:
        """What the part plays that the instrument doubles in this bar."""
        other = SILENT if self.plan.doubled is None else int(self.plan.doubled[bar, instrument])
        return NO_NOTES if other == SILENT else self._written[other]

    def _repeat_gain(self, bar: int, instrument: int) -> Array:
        """(MEMORY_BARS,): nats by which each of the last bars is likelier to be repeated than the prior has it."""
        gain = np.zeros(MEMORY_BARS, np.float32)
        if not self.drums[instrument]:
            gain -= OTHER_CHORD_COST * self.strictness * self.plan.other_chords[bar]
        if returned := self._returned(bar):
            gain[returned - 1] += RETURN_BONUS
        return gain

    def _returned(self, bar: int) -> int:
        """How many bars back the bar is to which the form returns; 0: to none in the memory."""
        back = BLOCK_BARS * int(self.plan.form[bar])
        return back if back <= MEMORY_BARS else 0

    def _must_play(self, bar: int, instrument: int) -> bool:
        """Whether this is the last bar of a block in which the instrument plays, and it has not played yet, or whether
        it would miss its least share in the bars up to the end of the block."""
        number = int(self.plan.block_bar[bar])
        block = self.cells[bar - number : bar] if number else []
        if number == BLOCK_BARS - 1 and not any(len(cells[instrument]) for cells in block):
            return True
        if self.plan.min_share is None:
            return False
        active = self.plan.active[: bar - number + BLOCK_BARS, instrument]
        missing = math.ceil(self.plan.min_share[instrument] * active.sum() - 1e-9) - self._played[instrument, 0]
        return bool(missing > 0 and missing >= len(active) - bar)

    def _rest_bar(self, bar: int, instrument: int) -> _PlannedBar:
        return _PlannedBar(self._request(instrument, bar, self.state.heading(instrument, REST, bar)), 0)

    def _request(
        self,
        instrument: int,
        bar: int,
        heading: Array,
        notes: BarNotes = NO_NOTES,
        sampling: SamplingParams | None = None,
    ) -> BarRequest:
        bar_steps, half = self._bar_steps[bar], self._halves[bar]
        return BarRequest(instrument, bar, heading, notes, sampling, self.plan.chords_around[bar], bar_steps, half)

    def _repeat_bar(self, bar: int, instrument: int, origin: int) -> _PlannedBar:
        notes, content = self.cells[origin][instrument], self._recent[bar - 1 - origin, instrument]
        heading = self.state.heading(instrument, REPEAT, bar, content=content)
        back = bar - self._last_bar[instrument][_key(notes)]
        return _PlannedBar(self._request(instrument, bar, heading), back, notes, content)

    def _new_bar(self, bar: int, instrument: int, latent: Array, future: Array | None) -> _PlannedBar:
        sampling = SamplingParams(
            self.temperatures[instrument].notes,
            self._mean_notes(instrument),
            self.drums[instrument],
            self.rng.random((MAX_NOTES, UNIFORMS)),
            CHORD_STRENGTH * self.strictness,
            self._controls[instrument].note_logits(),
        )
        heading = self.state.heading(instrument, NEW, bar, latent=latent, future=future)
        return _PlannedBar(self._request(instrument, bar, heading, sampling=sampling), WROTE_NEW)

    def _end_notes(self, bar: int, sampled: BarNotes) -> BarNotes:
        """The sampled notes; where chords are strict, none is held into a chord to which it does not belong."""
        if self.strictness <= 1:
            return sampled
        return shorten_held_notes(sampled, self.plan.chords_around[bar], self._halves[bar], self._bar_steps[bar])

    def _mean_notes(self, instrument: int) -> float:
        """Notes in a bar in which the instrument plays; before its first, MAX_NOTES: no bar has an excess."""
        bars, notes = self._played[instrument]
        return float(notes / bars) if bars else MAX_NOTES


def _key(notes: BarNotes) -> bytes:
    """Equal for bars that are the same but for velocities."""
    return notes[:, :3].tobytes()
