"""A transformer token by token equals the same layers in PyTorch, all tokens at once."""

import numpy as np
import pytest
import torch
from torch.nn.functional import rms_norm

from pianoroll_vae.models.arranger.parameters import NOTE_PERIODS
from pianoroll_vae.models.arranger.play.transformer import RMS_EPSILON, forward_tokens
from pianoroll_vae.models.arranger.play.weights import TransformerWeights
from tests.models.arranger.train.test_layers import HEADS, LAYERS, WIDTH, trained_transformer

TOLERANCE = 2e-2
"""Weights and the KV cache have eight significant bits."""

LAST_GAIN = np.linspace(0.5, 2, WIDTH, dtype=np.float32)
HEAD = np.random.default_rng(0).standard_normal((11, WIDTH)).astype(np.float32) * np.float32(WIDTH**-0.5)


def assert_close(found: torch.Tensor, expected: torch.Tensor) -> None:
    torch.testing.assert_close(found, expected, rtol=TOLERANCE, atol=TOLERANCE)


def transformer(context: int, layers: int = LAYERS, kv_heads: int = HEADS) -> TransformerWeights:
    tensors = {name: weight.numpy() for name, weight in trained_transformer(LAYERS, kv_heads).state_dict().items()}
    tensors |= {"last_norm": LAST_GAIN - 1}
    return TransformerWeights.from_tensors(tensors, "", layers, HEADS, context, NOTE_PERIODS, "last_norm", HEAD)


def plain_outputs(x: torch.Tensor) -> torch.Tensor:
    """What follows the layers: the norm of x (…, width), and the head's outputs after it."""
    normed = rms_norm(x, (WIDTH,), torch.from_numpy(LAST_GAIN), RMS_EPSILON)
    return torch.cat([normed, normed @ torch.from_numpy(HEAD).T], -1)


def token_by_token(weights: TransformerWeights, x: torch.Tensor, position: torch.Tensor) -> torch.Tensor:
    """x (tokens, width) through all layers, one token after the other: as of `plain_outputs`."""
    kv_cache, found, song = weights.empty_kv_cache(), [], np.zeros(1, np.int64)
    for token, at in zip(x.numpy(), position.numpy(), strict=True):
        outputs = np.empty((1, len(HEAD)), np.float32)
        forward_tokens(weights.layers, kv_cache, weights.frequencies, song, token[None].copy(), at[None], outputs)
        found.append(np.concatenate([kv_cache.buffers.normed[0], outputs[0]]))
    return torch.from_numpy(np.stack(found))


def random_tokens(tokens: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Tokens (tokens, width) and their positions (tokens,)."""
    rng = torch.Generator().manual_seed(seed)
    return torch.randn(tokens, WIDTH, generator=rng), torch.randint(0, 5, (tokens,), generator=rng).cumsum(0)


@pytest.mark.parametrize("kv_heads", [HEADS, 1])
def test_token_by_token_equals_all_tokens_at_once(kv_heads: int) -> None:
    x, position = random_tokens(40, 1)
    expected = plain_outputs(trained_transformer(LAYERS, kv_heads)(x[None], position[None])[0])
    assert_close(token_by_token(transformer(48, LAYERS, kv_heads), x, position), expected)


def test_a_full_kv_cache_drops_the_oldest_token() -> None:
    """In one layer: a deeper one attends to tokens that have attended to older ones."""
    x, position = random_tokens(30, 3)
    found = token_by_token(transformer(8, 1), x, position)
    for i in range(30):
        begin = max(i - 7, 0)
        alone = trained_transformer(1)(x[None, begin : i + 1], position[None, begin : i + 1])[0, -1]
        assert_close(found[i], plain_outputs(alone))


def test_a_song_has_the_same_bits_alone_and_in_a_batch() -> None:
    """Of five songs, some are read at a time, in any order."""
    weights, songs, rng = (
        transformer(8, kv_heads=1),
        [random_tokens(12, seed) for seed in range(5)],
        np.random.default_rng(0),
    )
    alone = [token_by_token(weights, *song).numpy() for song in songs]
    kv_cache, done = weights.empty_kv_cache(5), np.zeros(5, np.int64)
    while (left := np.flatnonzero(done < 12)).size:
        read = rng.permutation(left)[: rng.integers(1, 6)]
        numbers = np.minimum(done, 11).tolist()
        x = np.stack([own[number].numpy() for (own, _), number in zip(songs, numbers, strict=True)])
        position = np.array([int(at[number]) for (_, at), number in zip(songs, numbers, strict=True)])
        outputs = np.empty((5, len(HEAD)), np.float32)
        forward_tokens(weights.layers, kv_cache, weights.frequencies, read, x, position, outputs)
        for token, song in enumerate(read.tolist()):
            found = np.concatenate([kv_cache.buffers.normed[token], outputs[token]])
            assert np.array_equal(found, alone[song][done[song]])
        done[read] += 1
