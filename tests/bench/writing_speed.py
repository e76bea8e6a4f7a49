"""Decoding speed of the bundled band: a token in the compiled kernels and in plain PyTorch, one song, and many songs.

    python -m tests.bench.writing_speed [--songs 32]

The plain version decodes token by token too, with a KV cache, through the modules that are trained. The runs of all
versions alternate. "Memory alone" is a lower bound: a dot product over as many bytes as a token reads.
"""

import argparse
import timeit
from collections.abc import Callable
from functools import partial
from typing import Any

import numba
import numpy as np
import torch
from torch.nn import functional as F

from pianoroll_vae.console import Table, show_table
from pianoroll_vae.desk.ensembles import load_bundled
from pianoroll_vae.desk.new_songs import NewSongOptions
from pianoroll_vae.desk.primers import NONE, find_primers
from pianoroll_vae.desk.song_processes import generate_in_groups
from pianoroll_vae.models.arranger.parameters import NOTE_PERIODS
from pianoroll_vae.models.arranger.play.band import ArrangerBand
from pianoroll_vae.models.arranger.play.dot_products import to_blocks
from pianoroll_vae.models.arranger.play.kernels import NO_OUTPUTS, Int8Weight, matmul, njit
from pianoroll_vae.models.arranger.play.transformer import forward_tokens
from pianoroll_vae.models.arranger.train.layers import Block, rotary_embedding
from pianoroll_vae.models.arranger.train.vae import ArrangerVae
from pianoroll_vae.sources.worker_pool import cores
from tests.bench.timing import seconds

TOKENS, RUNS = 200, 5


def with_pytorch(band: ArrangerBand) -> Callable[[], None]:
    """One token after the other through the decoder's layers, with a full KV cache."""
    sizes, network = band.recipe.arranger, ArrangerVae(band.recipe, len(band.band))
    network.load_state_dict({name: torch.from_numpy(array) for name, array in band.vae.items()})
    blocks = [block for block in network.decoder.layers if isinstance(block, Block)]
    shape = sizes.layers, 1, sizes.kv_heads, sizes.context_tokens, sizes.width // sizes.heads
    keys, values = torch.randn(shape), torch.randn(shape)

    @torch.inference_mode()
    def work() -> None:
        for token in range(TOKENS):
            x = torch.randn(1, 1, sizes.width)
            rotary = rotary_embedding(torch.tensor([[token]]), shape[-1], NOTE_PERIODS)
            for layer, block in enumerate(blocks):
                query, key, value = block.project(x, rotary)
                keys[layer, :, :, token], values[layer, :, :, token] = key[:, :, 0], value[:, :, 0]
                attended = F.scaled_dot_product_attention(query, keys[layer], values[layer], enable_gqa=True)
                x = block.add_residuals(x, attended)

    return work


def with_kernels(band: ArrangerBand, songs: int) -> tuple[Callable[[], None], int]:
    """The same with the kernels, a token of each of `songs` at a time, and the bytes that such a step reads."""
    decoder = band.play_weights.decoder
    layers = decoder.layers._replace(head=NO_OUTPUTS)
    kv_cache = decoder.empty_kv_cache(songs)
    kv_cache.token_count[:] = decoder.context
    rows, x, none = np.arange(songs), np.empty((songs, decoder.width), np.float32), np.empty((songs, 0), np.float32)

    weights = (weight.values for weight in layers if isinstance(weight, Int8Weight))

    def work() -> None:
        for token in range(TOKENS):
            x[:] = 1
            forward_tokens(layers, kv_cache, decoder.frequencies, rows, x, np.full(songs, token), none)

    return work, sum(part.nbytes for part in (*weights, kv_cache.keys, kv_cache.values))


def tokens_table(band: ArrangerBand) -> Table:
    (one, size), (four, _) = with_kernels(band, 1), with_kernels(band, 4)
    numbers = np.ones(size // 4, np.float32)

    def memory_alone() -> None:
        for _ in range(TOKENS):
            numbers @ numbers

    works: dict[str, tuple[Callable[[], None], int]] = {
        "plain PyTorch": (with_pytorch(band), 1),
        "kernels": (one, 1),
        "kernels, four songs in a batch": (four, 4),
        "memory alone": (memory_alone, 1),
    }
    for work, _ in works.values():
        work()  # compiles
    best = dict.fromkeys(works, float("inf"))
    for _ in range(RUNS):
        for name, (work, songs) in works.items():
            best[name] = min(best[name], seconds(work, 1) / TOKENS / songs)
    rows = [(name, round(best[name] * 1e6), round(best["plain PyTorch"] / best[name], 1)) for name in works]
    columns = ("", "microseconds a token", "times as fast as PyTorch")
    return Table(f"The decoder's layers on one core, {size / 1e6:.1f} MB read for each token", columns, rows)


@numba.njit(nogil=True, error_model="numpy")
def plain_products(values: Any, scale: Any, x: Any, x_scale: Any, out: Any) -> None:
    """`kernels.matmul` as loops."""
    for token in range(len(x)):
        for row in range(len(values)):
            total = np.int32(0)
            for i in range(x.shape[1]):
                total = np.int32(total + np.int32(values[row, i]) * np.int32(x[token, i]))
            out[token, row] = np.float32(total) * scale[row] * x_scale[token]


def products_table() -> Table:
    """The largest product of a layer, with 8-bit weights and with numpy's 32-bit ones."""
    rng, weight, rows = np.random.default_rng(0), np.ones((1024, 256), np.float32), []
    products = njit(matmul.py_func)  # type: ignore[attr-defined]
    for tokens in (1, 4):
        values, scale = rng.integers(-127, 128, weight.shape).astype(np.int8), np.ones(1024, np.float32)
        x, x_scale = rng.integers(-999, 999, (tokens, 256)).astype(np.int16), np.ones(tokens, np.float32)
        inputs, out = x.astype(np.float32), np.empty((tokens, 1024), np.float32)
        works = {
            "vector instructions": partial(products, to_blocks(values), scale, x[:, :256], x_scale, out[:, :1024]),
            "the same as loops": partial(plain_products, values, scale, x, x_scale, out),
            "numpy, float32": partial(np.matmul, inputs, weight.T, out),
        }
        for work in works.values():
            work()  # compiles
        times = {name: min(timeit.repeat(work, number=TOKENS, repeat=RUNS)) / TOKENS for name, work in works.items()}
        rows += [(name, tokens, round(time * 1e6, 1)) for name, time in times.items()]
    return Table("A product of 1024 x 256 weights on one core", ("", "tokens", "microseconds"), rows)


def songs_table(band: ArrangerBand, songs: int) -> Table:
    primers = find_primers(None, NONE, list(range(songs)), band)
    alone = [
        seconds(partial(band.continue_, [primer], 22, seeds=[seed]), 1) for seed, primer in enumerate(primers[:10])
    ]
    asked, seeds = NewSongOptions(default_phrases=40), list(range(songs))
    many = seconds(lambda: list(generate_in_groups(band, primers, seeds, asked, 40 * songs)), 1)
    rows = [
        ("22 phrases (three minutes), one song: seconds, mean of ten songs", f"{np.mean(alone):.2f}"),
        ("the fastest and the slowest of them", f"{min(alone):.2f}, {max(alone):.2f}"),
        (f"{songs} songs of 40 phrases on {cores()} cores, with their charts: songs a second", f"{songs / many:.2f}"),
    ]
    return Table("Songs of the bundled band", ("", ""), rows)


def main(songs: int) -> None:
    band = load_bundled()
    assert isinstance(band, ArrangerBand)
    torch.set_num_threads(1)
    show_table(products_table())
    show_table(tokens_table(band))
    show_table(songs_table(band, songs))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--songs", type=int, default=32)
    main(parser.parse_args().songs)
