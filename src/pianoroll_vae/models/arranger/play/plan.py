"""What a song is played from: chords, form and which instruments play, bar by bar, and its conditions."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pianoroll_vae.models.arranger.blocks import BLOCK_BARS, BLOCK_HALVES, Blocks, read_blocks
from pianoroll_vae.models.arranger.conditions import Conditions
from pianoroll_vae.models.arranger.sampling import TRAIT_STRENGTH
from pianoroll_vae.models.arranger.tokens import MEMORY_BARS
from pianoroll_vae.music.band import Band
from pianoroll_vae.music.bar_lines import BarLines
from pianoroll_vae.music.bars import Bars
from pianoroll_vae.music.chart_reading import pitch_class_cells, read_chords
from pianoroll_vae.music.chord_labels import NO_CHORD, Labels
from pianoroll_vae.music.resolution import TWELFTHS_PER_BEAT
from pianoroll_vae.music.song import Song


@dataclass(frozen=True, eq=False)
class Plan:
    """Of one song; (bars,) unless a shape is given."""

    chords: Labels
    """(bars, 2)"""

    form: NDArray[np.int64]
    """Of each bar's block, see `Blocks.form`."""

    block_bar: NDArray[np.int64]
    """Number of the bar in its block."""

    active: NDArray[np.bool_]
    """(bars, instruments): whether an instrument plays in the bar's block."""

    conditions: Conditions
    lines: BarLines
    """Where the bars lie."""

    trait_strength: ArrayLike = TRAIT_STRENGTH
    """(instruments, traits) or (traits,): factor of what `TraitControl` adds to logits to keep a part to its traits."""

    doubled: NDArray[np.int64] | None = None
    """(bars, instruments): whose notes an instrument plays where its own are new; SILENT or None: its own."""

    min_share: NDArray[np.float64] | None = None
    """(instruments,): of the bars in which an instrument is active, the share that it plays at least; None: 0."""

    @staticmethod
    def from_blocks(blocks: Blocks, chords: Labels, conditions: Conditions, lines: BarLines | None = None) -> "Plan":
        """Of a song with chords (bars, 2); lines: None: bars of 4/4."""
        bars, phase = len(chords), blocks.phase
        block = (np.arange(bars) - phase) // BLOCK_BARS
        inside = np.clip(block, 0, max(len(blocks) - 1, 0))
        before = block < 0
        if not len(blocks):
            return Plan.without_chart(bars, blocks.active.shape[1], conditions, lines)
        active = blocks.active[inside] | before[:, None]
        form, block_bar = np.where(before, 0, blocks.form[inside]), (np.arange(bars) - phase) % BLOCK_BARS
        return Plan(chords, form, block_bar, active, conditions, lines or BarLines.even(bars))

    @staticmethod
    def without_chart(bars: int, instruments: int, conditions: Conditions, lines: BarLines | None = None) -> "Plan":
        """No chords, nothing that returns, and every instrument may play."""
        chords, form = np.full((bars, 2), NO_CHORD), np.zeros(bars, np.int64)
        block_bar, active = np.arange(bars) % BLOCK_BARS, np.ones((bars, instruments), np.bool_)
        return Plan(chords, form, block_bar, active, conditions, lines or BarLines.even(bars))

    @cached_property
    def same_length(self) -> NDArray[np.bool_]:
        """(bars, MEMORY_BARS): whether each of the last bars, the latest first, is as long as the bar, so that the bar
        can repeat it."""
        lengths = self.lines.lengths[: len(self.chords)]
        same_length = np.zeros((len(lengths), MEMORY_BARS), np.bool_)
        for back in range(1, min(MEMORY_BARS, len(lengths) - 1) + 1):
            same_length[back:, back - 1] = lengths[back:] == lengths[:-back]
        return same_length

    @cached_property
    def other_chords(self) -> NDArray[np.int64]:
        """(bars, MEMORY_BARS): in how many half bars each of the last bars, the latest first, has another chord than
        the bar; 2 before the first bar."""
        other = np.full((len(self.chords), MEMORY_BARS), 2)
        for back in range(1, min(MEMORY_BARS, len(other) - 1) + 1):
            other[back:, back - 1] = (self.chords[back:] != self.chords[:-back]).sum(1)
        return other

    @cached_property
    def chords_around(self) -> NDArray[np.int64]:
        """(bars, 3): the chords of each bar's half bars and of the half bar after them."""
        following = np.append(self.chords[1:, 0], self.chords[-1:, 1])
        return np.column_stack([self.chords, following]).astype(np.int64)


def read_chart_of_bars(bars: Bars, band: Band) -> tuple[Labels, Blocks]:
    """The chords (bars, 2) and the blocks of what is played in bars."""
    steps = int(bars.lines.edges[-1])
    song = Song(band, bars.to_notes().between(0, steps), steps, TWELFTHS_PER_BEAT)
    chords = read_chords(pitch_class_cells(song, bars.lines.half_edges)).reshape(-1, 2)
    return chords, read_blocks(bars, chords)


def block_chords(chords: Labels, phase: int, count: int) -> Labels:
    """(count, BLOCK_HALVES): the chords (bars, 2) of blocks; -1 after the last bar."""
    halves = np.full(count * BLOCK_HALVES, -1)
    known = chords[phase:].ravel()[: len(halves)]
    halves[: len(known)] = known
    return halves.reshape(count, BLOCK_HALVES)
