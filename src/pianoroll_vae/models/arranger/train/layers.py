"""Causal self-attention with rotary position embeddings, as both networks of the arranger have it.

Positions are times in the song, in twelfths of a beat or bars, so that attention depends on how long ago a token was.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pianoroll_vae.models.arranger.parameters import Periods

Rotary = tuple[Tensor, Tensor]
"""Cosines and sines (batch, tokens, head_width / 2)."""

_QUERY_BLOCK = 128
"""Queries of one matrix product: keys after the last of them are left out."""


class RMSNorm(nn.Module):
    """Root-mean-square normalisation with the gain 1 + `scale`."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.zeros(width))

    def forward(self, x: Tensor) -> Tensor:
        return F.rms_norm(x, x.shape[-1:], 1 + self.scale, 1e-5)


class Block(nn.Module):
    """Attention and a feed-forward network, each with pre-normalisation and a residual connection."""

    def __init__(self, width: int, heads: int, kv_heads: int) -> None:
        super().__init__()
        self.heads, self.kv_heads = heads, kv_heads
        self.norm1 = RMSNorm(width)
        self.qkv = nn.Linear(width, width // heads * (heads + 2 * kv_heads), bias=False)
        self.out = nn.Linear(width, width, bias=False)
        self.norm2 = RMSNorm(width)
        self.up = nn.Linear(width, 4 * width)
        self.down = nn.Linear(4 * width, width, bias=False)

    def forward(self, x: Tensor, rotary: Rotary) -> Tensor:
        return self.add_residuals(x, causal_attention(*self.project(x, rotary)))

    def project(self, x: Tensor, rotary: Rotary) -> tuple[Tensor, Tensor, Tensor]:
        """x (batch, tokens, width) to queries (batch, heads, tokens, head_width), keys and values (batch, kv_heads,
        tokens, head_width)."""
        qkv = self.qkv(self.norm1(x)).unflatten(-1, (-1, x.shape[-1] // self.heads)).transpose(1, 2)
        query, key, value = qkv.split((self.heads, self.kv_heads, self.kv_heads), 1)
        return rotate(query, rotary), rotate(key, rotary), value

    def add_residuals(self, x: Tensor, attended: Tensor) -> Tensor:
        """x (batch, tokens, width) plus the output of attention (batch, heads, tokens, head_width), plus the
        feed-forward network's."""
        x = x + self.out(attended.transpose(1, 2).reshape(x.shape))
        feed_forward: Tensor = self.down(gelu(self.up(self.norm2(x))))
        return x + feed_forward


class Transformer(nn.ModuleList):
    """Blocks of causal attention. kv_heads: of keys and values; without it as many as of queries."""

    def __init__(self, layers: int, width: int, heads: int, periods: Periods, kv_heads: int | None = None) -> None:
        super().__init__(Block(width, heads, kv_heads or heads) for _ in range(layers))
        self.head_width, self.periods = width // heads, periods

    def forward(self, x: Tensor, time: Tensor) -> Tensor:
        """x (batch, tokens, width) at `time` (batch, tokens); each token attends to itself and those before it."""
        rotary = rotary_embedding(time, self.head_width, self.periods)
        for block in self:
            x = block(x, rotary)
        return x


def gelu(x: Tensor) -> Tensor:
    return F.gelu(x, approximate="tanh")


def rotary_embedding(time: Tensor, head_width: int, periods: Periods) -> Rotary:
    """time (…,) to cosines and sines (…, head_width / 2)."""
    exponent = torch.arange(head_width // 2, device=time.device) / max(head_width // 2 - 1, 1)
    shortest, longest = periods
    period = shortest * (longest / shortest) ** exponent
    angle = time.unsqueeze(-1).float() * (2 * math.pi / period)
    return angle.cos(), angle.sin()


def rotate(x: Tensor, rotary: Rotary) -> Tensor:
    """Queries or keys x (batch, heads, tokens, head_width), rotated by the angles of their times."""
    cosine, sine = (part.unsqueeze(1).to(x.dtype) for part in rotary)
    first, second = x.chunk(2, -1)
    return torch.cat([first * cosine - second * sine, second * cosine + first * sine], -1)


def causal_attention(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """Queries (batch, heads, tokens, head_width), keys and values (batch, kv_heads, tokens, head_width) to what each
    head attends to, as the queries. On the CPU by plain matrix products, several times as fast there as
    `scaled_dot_product_attention`."""
    group = query.shape[1] // key.shape[1]  # heads that share keys and values
    key, value = (x.repeat_interleave(group, 1) if group > 1 else x for x in (key, value))
    if query.device.type != "cpu":
        return F.scaled_dot_product_attention(query, key, value, is_causal=True)
    tokens = query.shape[2]
    query = query * query.shape[-1] ** -0.5
    size = min(_QUERY_BLOCK, tokens)
    mask = torch.full((size, size), -math.inf, dtype=query.dtype, device=query.device).triu(1)
    outputs = []
    for begin in range(0, tokens, size):
        end = min(begin + size, tokens)
        logits = query[:, :, begin:end] @ key[:, :, :end].transpose(-1, -2)
        logits = torch.cat([logits[..., :begin], logits[..., begin:] + mask[: end - begin, : end - begin]], -1)
        outputs.append(logits.softmax(-1) @ value[:, :, :end])
    return torch.cat(outputs, 2)
