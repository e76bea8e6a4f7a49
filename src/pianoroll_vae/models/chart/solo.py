"""The decoder for one song alone, in plain numpy: with a token at a time, a framework spends most time on its books.

Computes what `readers.ManyReader` computes for many songs. Knows no music.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.models.chart.layers import LONGEST_PERIOD, SHORTEST_PERIOD
from pianoroll_vae.models.chart.stream import NOTE
from pianoroll_vae.models.chart.writing import NextNote, Token
from pianoroll_vae.models.recipe import Chart
from pianoroll_vae.music.bars import BAR_STEPS
from pianoroll_vae.music.notes import PITCHES

Array = NDArray[np.float32]

_PLACES = BAR_STEPS + 1
_CURVE, _BEND = np.float32(math.sqrt(2 / math.pi)), np.float32(0.044715)


@dataclass(frozen=True)
class _Layer:
    """One layer's weights, ready for products along rows: gains, scales and halves are multiplied in already."""

    heads: Array
    out: Array
    up: Array
    up_bias: Array
    down: Array
    keys: Array
    """(heads, tokens, head_width): those of the last tokens, in a ring."""

    values: Array


class SoloReader:
    """The decoder beside one song. `weights`: name to array, as `Weights.views` gives them."""

    def __init__(self, chart: Chart, weights: Mapping[str, Array], phrase_bars: int) -> None:
        self.chart, self.phrase_bars, self.w = chart, phrase_bars, weights
        self.layers = [_layer(chart, weights, f"write.{number}.") for number in range(chart.layers)]
        self.latent, self.content = (_across(weights[f"write.{name}"]) for name in ("latent", "content"))
        self.next = _across(np.concatenate([weights["next.place"], weights["next.hidden"]]), 1 + weights["write.norm"])
        self.pitch, self.length, self.velocity = (
            _across(weights[f"next.{name}"], 0.5) for name in ("pitch", "length", "velocity")
        )
        self.count = 0
        half = chart.width // chart.heads // 2
        slower = np.arange(half) / max(half - 1, 1)
        self.speed = 2 * np.pi / (SHORTEST_PERIOD * (LONGEST_PERIOD / SHORTEST_PERIOD) ** slower)

    def show(self, parts: Mapping[int, Sequence[Token]]) -> dict[int, Array]:
        """Row 0 to what the decoder makes of the last of its new tokens: (places + 3 · width,), of what comes next the
        scores of the places, and what its pitch, its length and its velocity have in common."""
        for token in parts[0]:
            x = self._show_one(token)
        return {0: (x @ self.next) * _shrink(x)}

    def forget(self, row: int) -> None:
        self.count = 0

    def next_note(self, asked: Mapping[int, NextNote]) -> dict[int, Any]:
        """Scores for the question of row 0."""
        [question] = asked.values()
        w, width, made = self.w, self.chart.width, question.hidden
        if question.place is None:
            return {0: made[:_PLACES] + w["next.place_bias"]}
        if question.pitch is None:
            inner = _bent(made[_PLACES : _PLACES + width] + w["next.at"][question.place][:width])
            return {0: inner @ self.pitch + w["next.pitch_bias"][question.who]}
        inner = made[_PLACES + width :] + w["next.at"][question.place][width:]
        inner = _bent(inner + w["next.of"][question.who * PITCHES + question.pitch])
        return {0: (inner[:width] @ self.length, inner[width:] @ self.velocity + w["next.velocity_bias"][question.who])}

    def _token(self, token: Token) -> Array:
        """(width,)"""
        w = self.w
        x: Array = w["write.who"][token.who] + w["write.says"][token.says]
        if token.says == NOTE:
            place, pitch, length, _ = token.note
            x = x + w["write.pitch"][token.who * PITCHES + pitch] + w["write.class"][pitch % 12]
            x = x + w["write.place"][place] + w["write.length"][length]
        else:
            x = x + w["write.phrase"][token.time // BAR_STEPS % self.phrase_bars]
        if token.latent is not None:
            x = x + token.latent @ self.latent
        if token.content is not None:
            x = x + token.content @ self.content
        return x

    def _show_one(self, token: Token) -> Array:
        """(width,): the token after all layers."""
        chart, x = self.chart, self._token(token)
        place, self.count = self.count % chart.tokens, self.count + 1
        seen = min(self.count, chart.tokens)
        angle = token.time * self.speed
        cosine, sine = np.cos(angle).astype(np.float32), np.sin(angle).astype(np.float32)
        crossed = np.stack([-sine, sine])
        shape = 3, chart.heads, 2, len(cosine)
        for layer in self.layers:
            parts = ((x @ layer.heads) * _shrink(x)).reshape(shape)
            turned = parts[:2] * cosine + parts[:2, :, ::-1] * crossed
            query, layer.keys[:, place] = turned.reshape(2, chart.heads, -1)
            layer.values[:, place] = parts[2].reshape(chart.heads, -1)
            scores = np.matmul(layer.keys[:, :seen], query[:, :, None])[..., 0]
            scores -= scores.max(1, keepdims=True)
            np.exp(scores, out=scores)
            mixed = np.matmul(scores[:, None], layer.values[:, :seen])[:, 0] / scores.sum(1, keepdims=True)
            x = x + mixed.reshape(-1) @ layer.out
            inner = (x @ layer.up) * _shrink(x)
            inner += layer.up_bias
            x = x + _bent(inner) @ layer.down
        return x


def _layer(chart: Chart, w: Mapping[str, Array], name: str) -> _Layer:
    gain = 1 + w[f"{name}norm1"]
    heads = _across(w[f"{name}heads"], gain)
    head_width = chart.width // chart.heads
    heads[:, : chart.width] *= np.float32(head_width**-0.5)  # queries
    ring = chart.heads, chart.tokens, head_width
    return _Layer(
        heads,
        _across(w[f"{name}out"]),
        _across(w[f"{name}up"], 1 + w[f"{name}norm2"]),
        w[f"{name}up_bias"],
        _across(w[f"{name}down"], 0.5),
        np.zeros(ring, np.float32),
        np.zeros(ring, np.float32),
    )


def _across(weight: Array, scale: Array | float = 1.0) -> Array:
    """(outputs, inputs) to (inputs, outputs), which a product runs through from memory in order; `scale`: (inputs,)."""
    return np.ascontiguousarray((weight * scale).T, np.float32)


def _shrink(x: Array) -> np.float32:
    """What makes x (width,) as long as root-mean-square normalisation does."""
    return np.float32(1 / math.sqrt(float(x @ x) / len(x) + 1e-5))


def _bent(x: Array) -> Array:
    """Twice GELU by its tanh approximation; the half is in the weights that follow."""
    bend = x * x
    bend *= _BEND
    bend += 1
    bend *= x
    bend *= _CURVE
    np.tanh(bend, out=bend)
    bend += 1
    bend *= x
    return bend
