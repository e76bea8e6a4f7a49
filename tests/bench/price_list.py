"""What each hand-written pass gains over plain PyTorch, in its real setting on this machine.

    python -m tests.bench.price_list [--dataset WORKSPACE/dataset.h5] [--rounds 9] [--only dense_step]

Both sides run in turns on one core; a line shows the median CPU time of each and the median of the rounds' ratios. A
pass stays where it gains 1.5 or more.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from pianoroll_vae.models.recipe import find_recipe
from pianoroll_vae.models.thesis.dense_step import DenseStep
from pianoroll_vae.models.thesis.latent_networks import ConditionalNN, MelodyNN
from pianoroll_vae.models.thesis.rolls import Rolls
from pianoroll_vae.models.thesis.sparse_encode import MIN_ROLLS, encode_sounding
from pianoroll_vae.models.thesis.vae import BandVae
from pianoroll_vae.models.training.weights import Weights
from pianoroll_vae.music.band import LPD5
from pianoroll_vae.music.dataset import Dataset
from pianoroll_vae.music.segments import SegmentBank
from tests.thesis_dataset import thesis_dataset

THESIS = find_recipe("thesis")
KEEP = 1.5


@dataclass(frozen=True)
class Comparison:
    """One line of the list. Each side does the same work; `steps` is how often a round repeats it."""

    group: str
    name: str
    hand_written: Callable[[], object]
    plain: Callable[[], object]
    steps: int


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--dataset", type=Path, help="a dataset of the recipe thesis; without it songs of random bars")
    asked.add_argument("--rounds", type=int, default=9)
    asked.add_argument("--only", default="", help="only the comparisons of this group")
    options = asked.parse_args()
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    with tempfile.TemporaryDirectory() as folder:
        dataset = Dataset.open(options.dataset) if options.dataset else thesis_dataset(Path(folder) / "d.h5", 40, 10)
        bank = dataset.bank("train")
        print("                                                   hand-written      plain   gain")
        for comparison in comparisons(bank):
            if comparison.group.startswith(options.only):
                print_line(comparison, options.rounds)


def comparisons(bank: SegmentBank) -> Iterator[Comparison]:
    yield dense_step("melody", MelodyNN.fresh(THESIS, "piano", 0).weights, THESIS.latents.dropout)
    yield dense_step("conditional", ConditionalNN.fresh(THESIS, LPD5.names[1:], 0).weights, 0.0)
    for count in (MIN_ROLLS // 2, MIN_ROLLS, 256):
        yield sparse_encode(bank, count)


def print_line(comparison: Comparison, rounds: int) -> None:
    times: list[tuple[float, float]] = []
    for number in range(rounds + 1):  # the first one warms up
        pair = []
        for work in (comparison.hand_written, comparison.plain):
            began = time.process_time()
            for _ in range(comparison.steps):
                work()
            pair.append((time.process_time() - began) / comparison.steps)
        if number:
            times.append((pair[0], pair[1]))
    ours, plain = (statistics.median(side) for side in zip(*times, strict=True))
    gain = statistics.median(plain / ours for ours, plain in times)
    verdict = "" if gain >= KEEP else f"  below {KEEP}"
    title = f"{comparison.group}: {comparison.name}"
    print(f"{title:50} {ours * 1e3:9.3f} ms {plain * 1e3:7.3f} ms {gain:6.2f}{verdict}", flush=True)


def dense_step(name: str, weights: Weights, dropout: float) -> Comparison:
    """A training step of latent networks in batches of 32; the plain side trains one instrument after another."""
    batch, widths = 32, [shape for key, view in weights.views().items() if key.endswith("weight") for shape in [view]]
    step, block = DenseStep(weights, batch), nn.Parameter(weights.flat)
    block.grad = step.gradient
    optimizer = torch.optim.Adam([block], 1e-3, fused=True)
    rows, inputs, outputs = len(weights.instruments), widths[0].shape[1], widths[-1].shape[2]
    inputs_, targets = torch.randn(rows, batch, inputs), torch.randn(rows, batch, outputs)
    dropped = (torch.rand(rows, batch, widths[0].shape[2]) >= dropout).float() / (1 - dropout) if dropout else None
    networks = []
    for _ in weights.instruments:
        layers: list[nn.Module] = []
        for number, weight in enumerate(widths):
            layers += [nn.Linear(*weight.shape[1:]), nn.ReLU()]
            layers += [nn.Dropout(dropout)] if dropout and number == 0 else []
        networks.append(nn.Sequential(*layers[:-1]))
    optimizers = [torch.optim.Adam(network.parameters(), 1e-3, fused=True) for network in networks]

    def hand_written() -> None:
        with torch.no_grad():
            step(inputs_, targets, dropped)
            optimizer.step()

    def plain() -> None:
        for row, (network, own) in enumerate(zip(networks, optimizers, strict=True)):
            own.zero_grad()
            nn.functional.mse_loss(network(inputs_[row]), targets[row]).backward()
            own.step()

    return Comparison("dense_step", f"{name}, batch {batch}", hand_written, plain, 100)


def sparse_encode(bank: SegmentBank, count: int) -> Comparison:
    """Encoding rolls of five instruments: 64 where songs are encoded, 256 where VAEs are validated."""
    vae = BandVae.fresh(THESIS, LPD5.names, 0)
    rolls = Rolls(bank, vae.order, tuple(range(len(LPD5))), THESIS.grid.cell_scale)
    ids = torch.randint(len(rolls), (count,))
    cells = [rolls.batch(row, ids) for row in range(len(LPD5))]

    @torch.inference_mode()
    def hand_written() -> None:
        for network, own in zip(vae.networks, cells, strict=True):
            encode_sounding(network, THESIS.vae.kernels, own)

    @torch.inference_mode()
    def plain() -> None:
        for network, own in zip(vae.networks, cells, strict=True):
            network.encode(own)

    return Comparison("sparse_encode", f"{count} rolls of five instruments", hand_written, plain, max(1, 128 // count))


if __name__ == "__main__":
    main()
