"""The networks' state for one song: encoder, prior and the tokens that bars begin with, a bar and an instrument at a
time.

The same functions as `train.vae` and `train.prior`, in numpy; the tests compare them. `song_sampler` samples from their
outputs; `batch_decoder` decodes the notes.
"""

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.models.arranger.blocks import BLOCK_BARS
from pianoroll_vae.models.arranger.conditions import Conditions
from pianoroll_vae.models.arranger.parameters import ACTIONS, BAR_POSITIONS, CHORD_LABELS
from pianoroll_vae.models.arranger.play.kernels import Array
from pianoroll_vae.models.arranger.play.plan import Plan
from pianoroll_vae.models.arranger.play.transformer import RMS_EPSILON, forward_tokens
from pianoroll_vae.models.arranger.play.weights import PlayWeights, PriorHead, Tensors, gelu, matvec, rms_norm
from pianoroll_vae.models.arranger.prior_output import PriorOutput
from pianoroll_vae.models.arranger.tokens import MEMORY_BARS, NEW, REPEAT
from pianoroll_vae.models.arranger.traits import FIRST_CLASS, TRAIT_CLASSES
from pianoroll_vae.music.bars import BarNotes

_CHORD_ROWS = CHORD_LABELS * np.arange(2)
"""Rows of the chords of a bar's half bars in an embedding of both."""

_SONG = np.zeros(1, np.int64)
"""The row of a KV cache that holds one song."""


class SongState:
    """Embeds a song's bars, keeps the priors' KV caches and predicts from them."""

    def __init__(self, weights: PlayWeights) -> None:
        self.weights = weights
        self.kv_caches = tuple(history.empty_kv_cache() for history in weights.histories)
        self.history: list[Array] = []
        """Both priors' outputs (width,) for the bars so far; empty before the first bar."""

    def encode(self, instrument: int, notes: BarNotes) -> tuple[Array, Array]:
        """One bar's notes to its content (content,) and its posterior mean (latent_size,)."""
        content, mean = self.weights.encode(notes, np.array([len(notes)]), np.array([instrument]))
        return content[0], mean[0]

    def heading(
        self,
        instrument: int,
        kind: int,
        bar: int,
        plan: Plan,
        latent: Array | None = None,
        content: Array | None = None,
        future: Array | None = None,
    ) -> Array:
        """The token (width,) that a bar begins with; future: (instruments, content), what is known of the next bar."""
        w = self.weights.vae
        x: Array = (
            w["decoder.instrument.weight"][instrument]
            + w["decoder.kind.weight"][kind]
            + w["decoder.bar_position.weight"][bar % BAR_POSITIONS]
            + w["decoder.chord.weight"][plan.chords[bar, 0]]
            + w["decoder.next_chord.weight"][plan.chords[bar, 1]]
            + embed_conditions(w, "decoder", plan.conditions)
            + w["decoder.trait.weight"][_trait_rows(instrument, plan.conditions)].sum(0)
        )
        if future is not None:
            x += matvec(self.weights.future, future.ravel())
        if latent is not None:
            x += w["decoder.latent.weight"] @ latent
        if content is not None:
            x += w["decoder.content.weight"] @ content
        return x

    def append_bar(self, bar: int, content: Array, action: NDArray[np.int64], chords: NDArray[np.int64]) -> None:
        """Add a whole bar to the history: content (instruments, content), action (instruments,), chords (2,)."""
        self.history = []
        weights = self.weights
        parts = zip(weights.priors, weights.history_content, weights.histories, self.kv_caches, strict=True)
        for w, history_content, layers, kv_cache in parts:
            x = matvec(history_content, content.ravel()) + w["history.action.weight"][_action_rows(action)].sum(0)
            x = x + w["history.bar_position.weight"][bar % BAR_POSITIONS]
            x = np.asarray(x + w["history.chords.weight"][chords + _CHORD_ROWS].sum(0), np.float32)
            forward_tokens(layers.layers, kv_cache, layers.frequencies, _SONG, x[None], np.array([bar]))
            self.history.append(rms_norm(x, RMS_EPSILON) * (1 + w["history.norm.scale"]))

    def predict(
        self,
        instrument: int,
        content: Array,
        action: NDArray[np.int64],
        last_bars: Array,
        played: NDArray[np.bool_],
        plan: Plan,
        bar: int,
        future: Array | None = None,
    ) -> PriorOutput[Array]:
        """The prior of the instrument's next bar, which is `bar` of the plan; the other arguments are those of
        `train.prior.predict`."""
        weights = self.weights
        network, row = (0, 0) if instrument == weights.lead else (1, weights.followers.index(instrument))
        head, history = weights.prior_heads[network][row], self.history[network]
        x = matvec(head.history, history) + matvec(head.content, content.ravel())
        x = x + head.action[_action_rows(action)].sum(0) + head.active @ plan.active[bar].astype(np.float32)
        w, conditions = weights.priors[network], plan.conditions
        x = x + w["current.chords.weight"][plan.chords[bar] + _CHORD_ROWS].sum(0)
        x = x + w["current.form.weight"][plan.form[bar]] + w["current.block_bar.weight"][plan.block_bar[bar]]
        x = x + embed_conditions(w, "current", conditions)
        if future is not None:
            x = x + matvec(head.future, future.ravel())
        x = rms_norm(x + matvec(head.down, gelu(matvec(head.up, x) + head.up_bias)))
        logits = matvec(head.actions, x) + head.action_bias
        similarity = last_bars @ matvec(head.key, matvec(head.query, x))
        similarity = similarity + self._returns(head, x, plan, bar)
        back = np.where(played, logits[3:] + similarity, -np.inf)
        kind = logits[:3]
        if not played.any():
            kind[REPEAT:NEW] = -np.inf
        mixture, components = matvec(head.mixture, x) + head.mixture_bias, weights.components
        mean, log_std = mixture[components:].reshape(2, components, weights.latent_size)
        return PriorOutput(kind, back, mixture[:components], mean, log_std.clip(-5, 2))

    def _returns(self, head: PriorHead, x: Array, plan: Plan, bar: int) -> Array:
        """(MEMORY_BARS,): logits of repeating each of the last bars, by its chords and the form."""
        gates = head.return_bar @ x + head.return_bias
        last = plan.chords[max(bar - MEMORY_BARS, 0) : bar][::-1]
        same = np.zeros(MEMORY_BARS, np.int64)
        same[: len(last)] = (last == plan.chords[bar]).sum(1)
        logits = gates[same]
        back = int(plan.form[bar]) * BLOCK_BARS
        if 0 < back <= MEMORY_BARS:
            logits[back - 1] += gates[-1]
        return np.asarray(logits, np.float32)


def embed_conditions(w: Tensors, prefix: str, conditions: Conditions) -> Array:
    """(width,): of the genres and the tempo."""
    genres = conditions.genres @ w[f"{prefix}.genre.weight"]
    return np.asarray(genres + w[f"{prefix}.tempo.weight"][conditions.tempo], np.float32)


def _trait_rows(instrument: int, conditions: Conditions) -> NDArray[np.int64]:
    """(traits,): rows of an instrument's traits in an embedding of all instruments' traits."""
    return np.asarray(instrument * TRAIT_CLASSES + FIRST_CLASS + conditions.traits[instrument])


def _action_rows(action: NDArray[np.int64]) -> NDArray[np.int64]:
    """Rows of actions (instruments,) in an embedding of all instruments' actions."""
    return action + ACTIONS * np.arange(len(action))
