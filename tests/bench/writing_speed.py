"""How fast the bundled band writes: a token beside PyTorch's way, a song alone, and many.

    python -m tests.bench.writing_speed [--songs 32]

Beside ours, for one song and for two side by side, stands the obvious way, the networks' own layers in PyTorch with
what was seen kept, one token at a time; and the least that can be: reading the weights and what was seen from memory
once, as fast as a scalar product does.
"""

import argparse
from collections.abc import Callable
from functools import partial

import numpy as np
import torch

from pianoroll_vae.bundled.bundle import BUNDLED
from pianoroll_vae.console import Table, show_table
from pianoroll_vae.desk.ensembles import load_bundled
from pianoroll_vae.models.arranger.play.band import ArrangerBand
from pianoroll_vae.models.arranger.play.transformer import forward_tokens
from pianoroll_vae.models.arranger.train.layers import clocks, finished, projected
from pianoroll_vae.models.openings import load_openings
from tests.bench.timing import seconds

TOKENS = 200


def with_pytorch(band: ArrangerBand) -> Callable[[], None]:
    """One token after the other through the decoder, behind a full ring."""
    sizes, weights = band.recipe.arranger, {name: torch.from_numpy(part) for name, part in band.vae.items()}
    shape = sizes.layers, 1, sizes.heads, sizes.context_tokens, sizes.width // sizes.heads
    keys, values = torch.randn(shape), torch.randn(shape)

    @torch.inference_mode()
    def work() -> None:
        for token in range(TOKENS):
            x = torch.randn(1, 1, sizes.width)
            clock = clocks(torch.tensor([[token]]), shape[-1])
            for layer in range(sizes.layers):
                name = f"write.{layer}."
                query, key, value = projected(weights, name, x, sizes.heads, clock)
                keys[layer, :, :, token], values[layer, :, :, token] = key[:, :, 0], value[:, :, 0]
                scores = (query * shape[-1] ** -0.5) @ keys[layer].transpose(-1, -2)
                x = finished(weights, name, x, scores.softmax(-1) @ values[layer])

    return work


def with_ours(band: ArrangerBand, songs: int) -> tuple[Callable[[], None], int]:
    """The same, a token of each of `songs` at a time, and how many bytes such a step reads."""
    decoder = band.play_weights.decoder
    kv_cache = decoder.empty_kv_cache(songs)
    kv_cache.token_count[:] = decoder.context
    rows, x = np.arange(songs), np.empty((songs, decoder.width), np.float32)

    def work() -> None:
        for token in range(TOKENS):
            x[:] = 1
            forward_tokens(decoder.layers, kv_cache, decoder.frequencies, rows, x, np.full(songs, token))

    return work, sum(part.nbytes for part in (*decoder.layers, kv_cache.keys, kv_cache.values))


def main(songs: int) -> None:
    band = load_bundled()
    assert isinstance(band, ArrangerBand)
    threads = torch.get_num_threads()
    (ours, size), (two, _) = with_ours(band, 1), with_ours(band, 2)
    ours()
    numbers = np.ones(size // 4, np.float32)
    torch.set_num_threads(1)
    figures = [(seconds(work) / TOKENS * 1e6) for work in (with_pytorch(band), ours, two)]
    figures[2] /= 2
    figures.append(seconds(lambda: numbers @ numbers, 50) * 1e6)
    torch.set_num_threads(threads)
    names = ("PyTorch", "ours", "ours, two songs side by side", "memory alone")
    rows = [(name, round(figure)) for name, figure in zip(names, figures, strict=True)]
    show_table(Table(f"A token through the decoder, one core, {size / 1e6:.1f} MB read: microseconds", ("", ""), rows))

    primers = load_openings(BUNDLED.openings)
    alone = [seconds(partial(band.continue_, [primer], 22, 1.0, seeds=[1]), 1) for primer in primers[:10]]
    many = seconds(
        lambda: band.continue_([primers[i % len(primers)] for i in range(songs)], 40, 1.0, seeds=range(songs)), 1
    )
    rows = [
        ("22 phrases (three minutes) alone: seconds, mean of ten", round(float(np.mean(alone)), 2)),
        ("the fastest and the slowest of them", f"{min(alone):.2f}, {max(alone):.2f}"),
        (f"{songs} songs of 40 phrases, {threads} threads: songs a second", round(songs / many, 2)),
    ]
    show_table(Table("Songs of the bundled band", ("", ""), rows))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--songs", type=int, default=32)
    main(parser.parse_args().songs)
