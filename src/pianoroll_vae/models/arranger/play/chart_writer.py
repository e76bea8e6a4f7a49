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
MAX_BEGINNINGS = 16
"""How often the instruments of a song's beginning are sampled while all of them rest; then the likeliest one plays."""


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

    chord_bonus: Array | None = None
    """(CHORD_LABELS,) nats added to the logits of the chords of new blocks."""

    @staticmethod
    def from_played(blocks: Blocks, chords: Labels, bars: int, instruments: int) -> "ChartDraft":
        """Of what was played, with chords (bars played, 2), to be continued to `bars` bars. In a last
        block that was cut short, which instruments play is not known."""
        count = -(-max(bars - blocks.phase, 0) // BLOCK_BARS)
        form, active = np.full(count, UNKNOWN), np.full((count, instruments), UNKNOWN)
        form[: len(blocks)] = blocks.form
        whole = min((len(chords) - blocks.phase) // BLOCK_BARS, len(blocks))
        active[:whole] = blocks.active[:whole]
        silence_absent(active, whole)
        return ChartDraft(form, active, block_chords(chords, blocks.phase, count), blocks.phase)


def silence_absent(active: NDArray[np.int64], whole: int) -> None:
    """Instruments that were silent in all of the `whole` blocks that were played, if these are `PRIMER_BLOCKS` or more,
    stay silent: a song without strings is continued without strings. active: (blocks, instruments), changed in
    place."""
    if whole >= PRIMER_BLOCKS:
        active[whole:, ~active[:whole].any(0)] = 0


class ChartWriter:
    """The weights of one band's chart writer, and its heads."""

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
        and its number alone, and nothing depends on what comes after it: a chord that is changed changes no earlier
        block."""
        chart = _GrowingChart(self, draft, conditions)
        for block in range(len(draft.form)):
            rng = np.random.default_rng([seed, block])
            chart.write_block(block, temperature, rng)
            chart.write_chords(block, temperature, rng)
        return chart.chords.reshape(-1, 2), Blocks(draft.phase, chart.form, chart.active)

    def embed_conditions(self, conditions: Conditions, present: NDArray[np.bool_]) -> Array:
        """(width,), which every token has; present: (instruments,), whether an instrument may play."""
        w = self.w
        x = conditions.genres @ w["genre.weight"] + w["tempo.weight"][conditions.tempo]
        x = x + w["present.weight"] @ present.astype(np.float32)
        playing = CLASSES[PLAYING] * np.arange(len(present)) + conditions.traits[:, PLAYING]
        return np.asarray(x + w["playing.weight"][playing].sum(0))

    def form_logits(self, hidden: Array, keys: list[Array]) -> Array:
        """(FORMS,), of the output (width,) before a block and the keys of the blocks before it."""
        logits = self.w["next_form.weight"] @ hidden + self.w["next_form.bias"]
        earlier = min(len(keys), MAX_RETURN)
        logits[earlier + 1 :] = -np.inf
        if earlier:
            query = self.w["query.weight"] @ hidden
            logits[1 : earlier + 1] += np.stack(keys[::-1][:earlier]) @ query * len(query) ** -0.5
        return np.asarray(logits, np.float32)

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


class _GrowingChart:
    """A chart as far as it is written, and the state of the transformer after its last token."""

    def __init__(self, writer: ChartWriter, draft: ChartDraft, conditions: Conditions) -> None:
        blocks, instruments = draft.active.shape
        self.writer, self.draft = writer, draft
        self.form, self.active = np.zeros(blocks, np.int64), np.zeros((blocks, instruments), np.bool_)
        self.chords = np.zeros(blocks * BLOCK_HALVES, np.int64)
        self.present = (draft.active != 0).any(0)
        self.conditions = writer.embed_conditions(conditions, self.present)
        self.kv_cache, self.tokens = writer.layers.empty_kv_cache(), 0
        self.keys: list[Array] = []
        """(width,) each, of the blocks so far, to which a later one may return."""

        self.hidden = self._forward(np.zeros_like(self.conditions))
        """(width,): the transformer's output for the last token."""

    def _forward(self, x: Array) -> Array:
        """The output (width,) for the next token x (width,)."""
        self.tokens += 1
        x = np.asarray(x + self.conditions, np.float32)
        return self.writer.layers.forward(self.kv_cache, x, self.tokens - 1)

    def write_block(self, block: int, temperature: float, rng: np.random.Generator) -> None:
        """The form of a block, and the instruments that play in it."""
        w, known = self.writer.w, self.draft.form[block]
        sampled = sample(self.writer.form_logits(self.hidden, self.keys), temperature, rng)
        is_valid = known != UNKNOWN and known <= min(len(self.keys), MAX_RETURN)
        self.form[block] = known if is_valid else sampled
        self.active[block] = self._sample_active(block, rng)
        token = w["form.weight"][self.form[block]] + w["active.weight"] @ self.active[block].astype(np.float32)
        self.hidden = self._forward(token + w["block_half.weight"][0])
        self.keys.append(w["key.weight"] @ self.hidden)

    def _sample_active(self, block: int, rng: np.random.Generator) -> NDArray[np.bool_]:
        """(instruments,): which instruments play in a block. From the middle of the song on an instrument plays that
        has not yet played: every requested part plays. A song does not begin with silence, as one of a hundred would:
        it is sampled again."""
        active, form = self.active, self.form[block]
        silent = np.zeros(active.shape[1], np.float32)
        before = active[block - 1].astype(np.float32) if block else silent
        returned = active[block - form].astype(np.float32) if form else silent
        has_begun = active[:block].any()
        absent = np.zeros(len(silent), np.bool_)
        if block >= ABSENT_BLOCKS:
            absent = ~np.asarray(active[block - ABSENT_BLOCKS : block].any(0))
        enters = self.present & (block >= len(active) // 2) & ~active[:block].any(0)
        known = np.where((self.draft.active[block] == UNKNOWN) & enters, 1, self.draft.active[block])
        for _ in range(MAX_BEGINNINGS):
            plays, probability = np.zeros_like(silent), np.zeros(len(silent))
            for instrument in range(len(silent)):
                x = np.concatenate([self.hidden, before, returned, plays])
                probability[instrument] = 1 / (1 + np.exp(-self.writer.active_logit(instrument, x, form)))
                if absent[instrument]:
                    probability[instrument] = max(probability[instrument], ENTRY_PROBABILITY)
                sampled = rng.random() < probability[instrument]
                plays[instrument] = sampled if known[instrument] == UNKNOWN else known[instrument]
            if has_begun or plays.any() or UNKNOWN not in known:
                return plays > 0
        plays[np.where(known == UNKNOWN, probability, -1).argmax()] = 1
        return plays > 0

    def write_chords(self, block: int, temperature: float, rng: np.random.Generator) -> None:
        """The chords of a block's half bars."""
        w = self.writer.w
        for half in range(BLOCK_HALVES):
            half_bar, uniform = block * BLOCK_HALVES + half, rng.random()
            known = self.draft.chords[block, half]
            chord = self._sample_chord(half_bar, temperature, uniform) if known == UNKNOWN else known
            self.chords[half_bar] = chord
            self.hidden = self._forward(w["chord.weight"][chord] + w["block_half.weight"][half + 1])

    def _sample_chord(self, half_bar: int, temperature: float, uniform: float) -> int:
        """By a uniform number in [0, 1)."""
        form = self.form[half_bar // BLOCK_HALVES]
        logits = self.writer.chord_logits(self.hidden, self.chords, half_bar, form)
        if form:
            returned = self.chords[half_bar - form * BLOCK_HALVES]
            logits = logits + RETURN_CHORD * (np.arange(len(logits)) == returned)
        elif self.draft.chord_bonus is not None:
            logits = logits + self.draft.chord_bonus
        logits = np.asarray(logits, np.float32)
        return int(sample_index(logits, temperature * CHORD_TEMPERATURE, uniform, CHORD_MIN_P, -1))
