"""The decoder for one song alone, in plain numpy: with a token at a time, a framework spends most time on its books.

Computes what `readers.ManyReader` computes for many songs. Knows no music.
"""

from collections.abc import Mapping, Sequence
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

_CURVE = np.float32(np.sqrt(2 / np.pi))


class SoloReader:
    """The decoder beside one song. `weights`: name to array, as `Weights.views` gives them."""

    def __init__(self, chart: Chart, weights: Mapping[str, Array], phrase_bars: int) -> None:
        self.chart, self.phrase_bars = chart, phrase_bars
        # Products run along rows of the transposed matrix: from memory in order.
        self.w = {
            name: np.ascontiguousarray(array.T) if _is_product(name) else array for name, array in weights.items()
        }
        self.gain = {name: 1 + array for name, array in weights.items() if "norm" in name}
        head = chart.width // chart.heads
        shape = chart.layers, chart.heads, chart.tokens, head
        self.keys, self.values = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
        self.count = 0
        slower = np.arange(head // 2) / max(head // 2 - 1, 1)
        self.speed = 2 * np.pi / (SHORTEST_PERIOD * (LONGEST_PERIOD / SHORTEST_PERIOD) ** slower)

    def show(self, parts: Mapping[int, Sequence[Token]]) -> dict[int, Array]:
        """Row 0 to what the decoder makes of the last of its new tokens (width,)."""
        shown = [self._show_one(token) for token in parts[0]]
        return {0: shown[-1]}

    def next_note(self, asked: Mapping[int, NextNote]) -> dict[int, Any]:
        """Scores for the question of row 0."""
        [question] = asked.values()
        w, width = self.w, self.chart.width
        if question.place is None:
            return {0: question.hidden @ w["next.place"] + w["next.place_bias"]}
        inner = question.hidden @ w["next.hidden"] + w["next.at"][question.place]
        if question.pitch is None:
            return {0: _gelu(inner[:width]) @ w["next.pitch"] + w["next.pitch_bias"][question.who]}
        how = _gelu(inner[width:] + w["next.of"][question.who * PITCHES + question.pitch])
        loud = how[width:] @ w["next.velocity"] + w["next.velocity_bias"][question.who]
        return {0: (how[:width] @ w["next.length"], loud)}

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
            x = x + token.latent @ w["write.latent"]
        if token.content is not None:
            x = x + token.content @ w["write.content"]
        return x

    def _show_one(self, token: Token) -> Array:
        chart, w = self.chart, self.w
        x = self._token(token)
        place, self.count = self.count % chart.tokens, self.count + 1
        seen = min(self.count, chart.tokens)
        angle = token.time * self.speed
        cosine, sine = np.cos(angle).astype(np.float32), np.sin(angle).astype(np.float32)
        scale = np.float32((chart.width // chart.heads) ** -0.5)
        for layer in range(chart.layers):
            name = f"write.{layer}."
            parts = (_norm(x, self.gain[f"{name}norm1"]) @ w[f"{name}heads"]).reshape(3, chart.heads, -1)
            keys, values = self.keys[layer], self.values[layer]
            keys[:, place], values[:, place] = _turned(parts[1], cosine, sine), parts[2]
            query = _turned(parts[0], cosine, sine) * scale
            scores = (keys[:, :seen] @ query[:, :, None])[..., 0]
            scores = np.exp(scores - scores.max(1, keepdims=True))
            scores /= scores.sum(1, keepdims=True)
            mixed = (scores[:, None] @ values[:, :seen]).reshape(-1)
            x = x + mixed @ w[f"{name}out"]
            inner = _gelu(_norm(x, self.gain[f"{name}norm2"]) @ w[f"{name}up"] + w[f"{name}up_bias"])
            x = x + inner @ w[f"{name}down"]
        return _norm(x, self.gain["write.norm"])


_PRODUCTS = ("heads", "out", "up", "down", "latent", "content", "hidden")


def _is_product(name: str) -> bool:
    """Whether these weights multiply; the others are looked up or added."""
    kind, _, last = name.rpartition(".")
    return last in _PRODUCTS or (kind == "next" and last in ("place", "pitch", "length", "velocity"))


def _norm(x: Array, gain: Array) -> Array:
    return np.asarray(x * (gain / np.sqrt(np.float32(x @ x) / np.float32(len(x)) + np.float32(1e-5))))


def _turned(x: Array, cosine: Array, sine: Array) -> Array:
    """(heads, head_width) turned by its time's angles (head_width / 2,)."""
    half = len(cosine)
    one, other = x[:, :half], x[:, half:]
    return np.concatenate([one * cosine - other * sine, other * cosine + one * sine], 1)


def _gelu(x: Array) -> Array:
    return np.asarray(0.5 * x * (1 + np.tanh(_CURVE * (x + np.float32(0.044715) * x * x * x))), np.float32)
