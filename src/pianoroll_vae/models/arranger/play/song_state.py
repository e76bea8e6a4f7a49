"""The networks' state for one song: encoder, prior and the tokens that bars begin with, a bar and an instrument at a
time.

The same functions as `train.vae` and `train.prior`, in numpy; the tests compare them. `song_sampler` samples from their
outputs; `batch_decoder` decodes the notes.
"""

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.models.arranger.blocks import BLOCK_BARS
from pianoroll_vae.models.arranger.parameters import ACTIONS, BAR_POSITIONS, POINTER_WIDTH
from pianoroll_vae.models.arranger.play.kernels import Array
from pianoroll_vae.models.arranger.play.plan import Plan
from pianoroll_vae.models.arranger.play.plan_inputs import CHORD_ROWS, PlanInputs
from pianoroll_vae.models.arranger.play.weights import PlayWeights, PriorHead, gelu, matvec, rms_norm
from pianoroll_vae.models.arranger.prior_output import PriorOutput
from pianoroll_vae.models.arranger.sampling import VELOCITY
from pianoroll_vae.models.arranger.tokens import MEMORY_BARS, NEW, REPEAT
from pianoroll_vae.music.bars import BarNotes


class SongState:
    """Embeds a song's bars, keeps the priors' KV caches and predicts from them."""

    def __init__(self, weights: PlayWeights, plan: Plan) -> None:
        self.weights, self.plan = weights, plan
        self.plan_inputs = PlanInputs(weights, plan)
        self.kv_caches = tuple(history.empty_kv_cache() for history in weights.histories)
        self._encoded: dict[tuple[int, bytes], tuple[Array, Array]] = {}
        self.history: list[Array] = []
        """Both priors' outputs (width,) for the bars so far; empty before the first bar."""

    def encode(self, instrument: int, notes: BarNotes) -> tuple[Array, Array]:
        """One bar's notes to its content (content,) and its posterior mean (latent_size,), which do not depend on
        velocities."""
        key = instrument, notes[:, :VELOCITY].tobytes()
        if key not in self._encoded:
            self._encoded[key] = self.weights.encode(instrument, notes)
        return self._encoded[key]

    def heading(
        self,
        instrument: int,
        kind: int,
        bar: int,
        latent: Array | None = None,
        content: Array | None = None,
        future: Array | None = None,
    ) -> Array:
        """The token (width,) that a bar begins with; future: (instruments, content), what is known of the next bar."""
        w = self.weights.vae
        x: Array = self.plan_inputs.headings[instrument, bar] + w["decoder.kind.weight"][kind]
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
            x = np.asarray(x + w["history.chords.weight"][chords + CHORD_ROWS].sum(0), np.float32)
            self.history.append(layers.forward(kv_cache, x, bar))

    def predict(
        self,
        instrument: int,
        content: Array,
        action: NDArray[np.int64],
        last_bars: Array,
        played: NDArray[np.bool_],
        bar: int,
        future: Array | None = None,
    ) -> PriorOutput[Array]:
        """The prior of the instrument's next bar, which is `bar` of the plan; the other arguments are those of
        `train.prior.predict`."""
        weights = self.weights
        network, head = weights.prior_head(instrument)
        history = self.history[network]
        x = matvec(head.history, history) + matvec(head.content, content.ravel())
        x += head.action[_action_rows(action)].sum(0)
        x += self.plan_inputs.priors[instrument, bar]
        if future is not None:
            x = x + matvec(head.future, future.ravel())
        x = rms_norm(x + matvec(head.down, gelu(matvec(head.up, x) + head.up_bias)))
        outputs = matvec(head.outputs, x) + head.output_bias
        query, logits = outputs[:POINTER_WIDTH], outputs[POINTER_WIDTH : POINTER_WIDTH + 3 + MEMORY_BARS]
        mixture = outputs[POINTER_WIDTH + 3 + MEMORY_BARS :]
        similarity = last_bars @ matvec(head.key, query) + self._returns(head, x, bar)
        back = np.where(played, logits[3:] + similarity, -np.inf)
        kind = logits[:3]
        if not played.any():
            kind[REPEAT:NEW] = -np.inf
        components = weights.components
        mean, log_std = mixture[components:].reshape(2, components, weights.latent_size)
        return PriorOutput(kind, back, mixture[:components], mean, log_std.clip(-5, 2))

    def _returns(self, head: PriorHead, x: Array, bar: int) -> Array:
        """(MEMORY_BARS,): logits of repeating each of the last bars, by its chords and the form."""
        gates, plan = head.return_bar @ x + head.return_bias, self.plan
        logits = gates[2 - plan.other_chords[bar]]
        back = int(plan.form[bar]) * BLOCK_BARS
        if 0 < back <= MEMORY_BARS:
            logits[back - 1] += gates[-1]
        return np.asarray(logits, np.float32)


def _action_rows(action: NDArray[np.int64]) -> NDArray[np.int64]:
    """Rows of actions (instruments,) in an embedding of all instruments' actions."""
    return action + ACTIONS * np.arange(len(action))
