"""Writes charts block by block with the chart writer's weights; `train.chart_writer` has the network in PyTorch."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.models.arranger.blocks import BLOCK_BARS, BLOCK_HALVES, MAX_RETURN, Blocks
from pianoroll_vae.models.arranger.conditions import Conditions
from pianoroll_vae.models.arranger.parameters import CHART_PERIODS
from pianoroll_vae.models.arranger.play.kernels import Array
from pianoroll_vae.models.arranger.play.plan import block_chords
from pianoroll_vae.models.arranger.play.weights import Tensors, TransformerWeights, gelu
from pianoroll_vae.models.arranger.sampling import (
    ABSENT_BLOCKS,
    CHORD_MIN_P,
    CHORD_TEMPERATURE,
    ENTRY_PROBABILITY,
    RETURN_CHORD,
    sample,
    sample_index,
)
from pianoroll_vae.models.arranger.traits import CLASSES, PLAYING
from pianoroll_vae.models.recipe import Recipe
from pianoroll_vae.music.chord_labels import Labels

UNKNOWN = -1
"""A form or chord that is to be sampled."""

PRIMER_BLOCKS = 4
CONTEXT_BLOCKS = 28
BEGINNINGS = 16
"""How often it is sampled who begins a song, before the likeliest instrument does."""


@dataclass(frozen=True, eq=False)
class ChartDraft:
    """What is known of a chart; the rest is sampled."""

    form: NDArray[np.int64]
    """(blocks,), UNKNOWN where it is not known."""

    active: NDArray[np.int64]
    """(blocks, instruments): 0, 1 or UNKNOWN."""

    chords: Labels
    """(blocks, BLOCK_HALVES), UNKNOWN where they are not known."""

    phase: int = 0

    @staticmethod
    def from_played(blocks: Blocks, chords: Labels, bars: int, instruments: int) -> "ChartDraft":
        """Of what was played, with chords (bars played, 2), to be continued to `bars` bars. In a last
        block that was cut short, which instruments play is not known."""
        count = -(-max(bars - blocks.phase, 0) // BLOCK_BARS)
        form, active = np.full(count, UNKNOWN), np.full((count, instruments), UNKNOWN)
        form[: len(blocks)] = blocks.form
        whole = min((len(chords) - blocks.phase) // BLOCK_BARS, len(blocks))
        active[:whole] = blocks.active[:whole]
        keep_absent(active, whole)
        return ChartDraft(form, active, block_chords(chords, blocks.phase, count), blocks.phase)


def keep_absent(active: NDArray[np.int64], whole: int) -> None:
    """Instruments that were silent in all of the `whole` blocks that were played, if these are `PRIMER_BLOCKS` or more,
    stay silent: a song that has no strings goes on without. active: (blocks, instruments), changed in place."""
    if whole >= PRIMER_BLOCKS:
        active[whole:, ~active[:whole].any(0)] = 0


class ChartWriter:
    """The weights of one band's chart writer."""

    def __init__(self, recipe: Recipe, melody: Tensors) -> None:
        sizes = recipe.arranger
        self.w = {name.removeprefix("chart."): w for name, w in melody.items() if name.startswith("chart.")}
        self.layers = TransformerWeights.from_tensors(
            self.w,
            "layers.",
            sizes.chart_layers,
            sizes.chart_heads,
            CONTEXT_BLOCKS * (BLOCK_HALVES + 1),
            CHART_PERIODS,
            "norm.scale",
        )

    def write(self, draft: ChartDraft, conditions: Conditions, temperature: float, seed: int) -> tuple[Labels, Blocks]:
        """The chords (blocks · 4, 2) and the blocks of a whole chart. The random numbers of a block depend on the seed
        and its number alone, and nothing depends on what comes after it: who changes a chord keeps the blocks before.
        """
        w, blocks = self.w, len(draft.form)
        cache, tokens = self.layers.empty_kv_cache(), 0
        conditions_embedding = conditions.genres @ w["genre.weight"] + w["tempo.weight"][conditions.tempo]
        present = (draft.active != 0).any(0)
        conditions_embedding = conditions_embedding + w["present.weight"] @ present.astype(np.float32)
        instruments = draft.active.shape[1]
        playing = CLASSES[PLAYING] * np.arange(instruments) + conditions.traits[:, PLAYING]
        conditions_embedding = conditions_embedding + w["playing.weight"][playing].sum(0)
        form, active = np.zeros(blocks, np.int64), np.zeros((blocks, instruments), np.bool_)
        chords = np.zeros(blocks * BLOCK_HALVES, np.int64)
        keys: list[Array] = []

        def forward(x: Array) -> Array:
            nonlocal tokens
            tokens += 1
            return self.layers.forward(cache, np.asarray(x + conditions_embedding, np.float32), tokens - 1)

        hidden = forward(np.zeros_like(conditions_embedding))
        for block in range(blocks):
            rng = np.random.default_rng([seed, block])
            form[block] = self._sample_form(hidden, keys, draft.form[block], temperature, rng)
            source = block - form[block] if form[block] else -1
            known, enters = draft.active[block], present & (block >= blocks // 2)
            active[block] = self._sample_active(hidden, form[block], active, block, source, known, enters, rng)
            token = w["form.weight"][form[block]] + w["active.weight"] @ active[block].astype(np.float32)
            hidden = forward(token + w["block_half.weight"][0])
            keys.append(w["key.weight"] @ hidden)
            for half in range(BLOCK_HALVES):
                half_bar = block * BLOCK_HALVES + half
                uniform = rng.random()
                known = draft.chords[block, half]
                chords[half_bar] = known
                if known == UNKNOWN:
                    logits = self.chord_logits(hidden, chords, half_bar, form[block])
                    if form[block]:
                        returned = chords[half_bar - form[block] * BLOCK_HALVES]
                        logits = logits + RETURN_CHORD * (np.arange(len(logits)) == returned)
                    heat = temperature * CHORD_TEMPERATURE
                    chords[half_bar] = sample_index(np.asarray(logits, np.float32), heat, uniform, CHORD_MIN_P, -1)
                hidden = forward(w["chord.weight"][chords[half_bar]] + w["block_half.weight"][half + 1])
        return chords.reshape(-1, 2), Blocks(draft.phase, form, active)

    def _sample_form(
        self, hidden: Array, keys: list[Array], known: int, temperature: float, rng: np.random.Generator
    ) -> int:
        sampled = sample(self.form_logits(hidden, keys), temperature, rng)
        return int(known) if known != UNKNOWN and known <= min(len(keys), MAX_RETURN) else sampled

    def form_logits(self, hidden: Array, keys: list[Array]) -> Array:
        """(FORMS,), of the output (width,) before a block and the keys of the blocks before it."""
        logits = self.w["next_form.weight"] @ hidden + self.w["next_form.bias"]
        earlier = min(len(keys), MAX_RETURN)
        logits[earlier + 1 :] = -np.inf
        if earlier:
            query = self.w["query.weight"] @ hidden
            logits[1 : earlier + 1] += np.stack(keys[::-1][:earlier]) @ query * len(query) ** -0.5
        return np.asarray(logits, np.float32)

    def _sample_active(
        self,
        hidden: Array,
        form: int,
        active: NDArray[np.bool_],
        block: int,
        source: int,
        known: NDArray[np.int64],
        enters: NDArray[np.bool_],
        rng: np.random.Generator,
    ) -> NDArray[np.bool_]:
        """(instruments,): who plays in a block. enters: (instruments,), who plays if they have not before: every part
        that is asked for plays. A song does not begin with silence, as one of a hundred would: it is sampled again."""
        instruments = active.shape[1]
        silent = np.zeros(instruments, np.float32)
        before = active[block - 1].astype(np.float32) if block else silent
        returned = active[source].astype(np.float32) if source >= 0 else silent
        begun, absent = active[:block].any(), active[max(block - ABSENT_BLOCKS, 0) : block]
        known = np.where((known == UNKNOWN) & enters & ~active[:block].any(0), 1, known)
        for _ in range(BEGINNINGS):
            plays, probability = np.zeros(instruments, np.float32), np.zeros(instruments)
            for instrument in range(instruments):
                logit = self.active_logit(instrument, np.concatenate([hidden, before, returned, plays]), form)
                probability[instrument] = 1 / (1 + np.exp(-logit))
                if len(absent) == ABSENT_BLOCKS and not absent[:, instrument].any():
                    probability[instrument] = max(probability[instrument], ENTRY_PROBABILITY)
                sampled = rng.random() < probability[instrument]
                plays[instrument] = sampled if known[instrument] == UNKNOWN else known[instrument]
            if begun or plays.any() or UNKNOWN not in known:
                return plays > 0
        plays[np.where(known == UNKNOWN, probability, -1).argmax()] = 1
        return plays > 0

    def active_logit(self, instrument: int, x: Array, form: int) -> float:
        """x: the inputs of `train.chart_writer.NextActive` for this instrument, one after the other."""
        inner = self.w["next_active.up.weight"] @ x + self.w["next_active.up.bias"]
        inner = gelu(np.asarray(inner + self.w["next_active.form.weight"][form], np.float32))
        out = self.w["next_active.out.weight"][instrument] @ inner + self.w["next_active.out.bias"][instrument]
        return float(out)

    def chord_logits(self, hidden: Array, chords: Labels, half_bar: int, form: int) -> Array:
        """(CHORD_LABELS,) of half bar number `half_bar`, after the output (width,) and the chords before it."""
        logits = self.w["next_chord.weight"] @ hidden + self.w["next_chord.bias"]
        bonus = self.w["copy.weight"] @ hidden + self.w["copy.bias"]
        for back, gain in zip((1, 8, 16, form * BLOCK_HALVES), bonus, strict=True):
            if 0 < back <= half_bar:
                logits[chords[half_bar - back]] += gain
        return np.asarray(logits, np.float32)
