"""What a plan adds to the inputs of the decoder and of the priors, for all bars of a song at once."""

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.models.arranger.conditions import Conditions
from pianoroll_vae.models.arranger.parameters import BAR_POSITIONS, CHORD_LABELS
from pianoroll_vae.models.arranger.play.kernels import Array
from pianoroll_vae.models.arranger.play.plan import Plan
from pianoroll_vae.models.arranger.play.weights import PlayWeights, Tensors
from pianoroll_vae.models.arranger.traits import FIRST_CLASS, TRAIT_CLASSES

CHORD_ROWS = CHORD_LABELS * np.arange(2)
"""Rows of the chords of a bar's half bars in an embedding of both."""


class PlanInputs:
    """Of one song. `headings` (instruments, bars, width): of the decoder's headings but for their kind; `priors`
    (instruments, bars, prior_width): of the prior of each instrument's next bar."""

    def __init__(self, weights: PlayWeights, plan: Plan) -> None:
        instruments = range(plan.active.shape[1])
        bars = _embed_bars(weights.vae, plan)
        self.headings = np.stack([bars + _embed_part(weights.vae, i, plan.conditions) for i in instruments])
        of_network = [_embed_next_bars(prior, plan) for prior in weights.priors]
        active = plan.active.astype(np.float32)
        heads = [weights.prior_head(i) for i in instruments]
        self.priors = np.stack([of_network[network] + active @ head.active.T for network, head in heads])


def _embed_bars(w: Tensors, plan: Plan) -> Array:
    """(bars, width), what the headings of all instruments have."""
    position = np.arange(len(plan.chords)) % BAR_POSITIONS
    x = w["decoder.bar_position.weight"][position] + w["decoder.chord.weight"][plan.chords[:, 0]]
    x += w["decoder.next_chord.weight"][plan.chords[:, 1]]
    x += _embed_conditions(w, "decoder", plan.conditions)
    return np.asarray(x, np.float32)


def _embed_part(w: Tensors, instrument: int, conditions: Conditions) -> Array:
    """(width,), what the headings of an instrument have."""
    traits: NDArray[np.int64] = instrument * TRAIT_CLASSES + FIRST_CLASS + conditions.traits[instrument]
    return np.asarray(w["decoder.instrument.weight"][instrument] + w["decoder.trait.weight"][traits].sum(0), np.float32)


def _embed_next_bars(w: Tensors, plan: Plan) -> Array:
    """(bars, prior_width), what the priors of all instruments have."""
    x = w["current.chords.weight"][plan.chords + CHORD_ROWS].sum(1)
    x += w["current.form.weight"][plan.form] + w["current.block_bar.weight"][plan.block_bar]
    x += _embed_conditions(w, "current", plan.conditions)
    return np.asarray(x, np.float32)


def _embed_conditions(w: Tensors, prefix: str, conditions: Conditions) -> Array:
    """(width,): of the genres and the tempo."""
    genres = conditions.genres @ w[f"{prefix}.genre.weight"]
    return np.asarray(genres + w[f"{prefix}.tempo.weight"][conditions.tempo], np.float32)
