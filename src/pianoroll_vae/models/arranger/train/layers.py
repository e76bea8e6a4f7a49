"""What both kinds of networks are made of: attention that knows how long ago something was, and its layers.

Weights are views by name, as `Weights.views` gives them without the instrument axis. Knows no music.
"""

import math
from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn import functional as F

from pianoroll_vae.models.arranger.parameters import LONGEST_PERIOD, SHORTEST_PERIOD

Views = Mapping[str, Tensor]

Clock = tuple[Tensor, Tensor]
"""Cosines and sines."""

_QUERIES_AT_ONCE = 128
"""Queries that are answered together: those before them need not see what comes after."""


def norm(x: Tensor, scale: Tensor) -> Tensor:
    """Root-mean-square normalisation; `scale` is what the gain differs from one."""
    return F.rms_norm(x, x.shape[-1:], 1 + scale, 1e-5)


def clocks(time: Tensor, head_width: int) -> Clock:
    """time (…,) to cosines and sines (…, head_width / 2)."""
    slower = torch.arange(head_width // 2, device=time.device) / max(head_width // 2 - 1, 1)
    period = SHORTEST_PERIOD * (LONGEST_PERIOD / SHORTEST_PERIOD) ** slower
    angle = time.unsqueeze(-1).float() * (2 * math.pi / period)
    return angle.cos(), angle.sin()


def turned(x: Tensor, clock: Clock) -> Tensor:
    """x (batch, heads, tokens, head_width) turned by its time's angles (batch, tokens, head_width / 2)."""
    cosine, sine = (part.unsqueeze(1).to(x.dtype) for part in clock)
    one, other = x.chunk(2, -1)
    return torch.cat([one * cosine - other * sine, other * cosine + one * sine], -1)


def projected(w: Views, name: str, x: Tensor, heads: int, clock: Clock) -> tuple[Tensor, Tensor, Tensor]:
    """Queries, keys and values (batch, heads, tokens, head_width) of x (batch, tokens, width)."""
    batch, tokens, width = x.shape
    parts = F.linear(norm(x, w[f"{name}norm1"]), w[f"{name}heads"])
    query, key, value = parts.view(batch, tokens, 3, heads, width // heads).permute(2, 0, 3, 1, 4)
    return turned(query, clock), turned(key, clock), value


def finished(w: Views, name: str, x: Tensor, mixed: Tensor) -> Tensor:
    """The rest of a layer: x (batch, tokens, width) and what attention found (batch, heads, tokens, head_width)."""
    x = x + F.linear(mixed.transpose(1, 2).reshape(x.shape), w[f"{name}out"])
    inner = F.linear(norm(x, w[f"{name}norm2"]), w[f"{name}up"], w[f"{name}up_bias"])
    return x + F.linear(F.gelu(inner, approximate="tanh"), w[f"{name}down"])


def attend(w: Views, prefix: str, layers: int, heads: int, x: Tensor, time: Tensor) -> Tensor:
    """x (batch, tokens, width) through all layers; a token sees itself and those before it."""
    clock = clocks(time, x.shape[-1] // heads)
    for layer in range(layers):
        name = f"{prefix}{layer}."
        query, key, value = projected(w, name, x, heads, clock)
        x = finished(w, name, x, looked_back(query, key, value))
    return x


def looked_back(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """(batch, heads, tokens, head_width) each: causal attention, by plain products, which CPUs do several times faster
    than PyTorch's own kernel does it."""
    if query.device.type != "cpu":
        return F.scaled_dot_product_attention(query, key, value, is_causal=True)
    tokens = query.shape[2]
    query = query * query.shape[-1] ** -0.5
    size = min(_QUERIES_AT_ONCE, tokens)
    later = torch.full((size, size), -math.inf, dtype=query.dtype, device=query.device).triu(1)
    found = []
    for begin in range(0, tokens, size):
        end = min(begin + size, tokens)
        scores = query[:, :, begin:end] @ key[:, :, :end].transpose(-1, -2)
        scores = torch.cat([scores[..., :begin], scores[..., begin:] + later[: end - begin, : end - begin]], -1)
        found.append(scores.softmax(-1) @ value[:, :, :end])
    return torch.cat(found, 2)
