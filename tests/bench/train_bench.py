"""How fast VAEs are trained: the reference's loop and ours, side by side in one run.

    python tests/bench/train_bench.py [--dataset WORKSPACE/dataset.h5] [--fast-batch 256] [--elbo]

The reference: PyTorch's convolutions, a DataLoader of 32 rolls, one instrument after another. All are timed in turns
on the same rolls; the best round counts, since a busy machine only ever slows, and CPU seconds stand beside those of
the clock for the same reason. `--elbo` trains reference and ours on the same number of rolls with three seeds and
compares the bound on held-out songs, ours in large batches too. Without a dataset, songs of
random bars.
"""

import argparse
import sys
import tempfile
import time
from itertools import product
from pathlib import Path

import numpy as np
import torch
from torch.distributions import Normal
from torch.utils.data import DataLoader, TensorDataset

sys.path.insert(0, str(Path(__file__).parents[2]))

from pianoroll_vae.models.recipe import find_recipe
from pianoroll_vae.models.thesis.rolls import Rolls
from pianoroll_vae.models.thesis.training_data import ThesisTrainingData
from pianoroll_vae.models.thesis.vae import BandVae
from pianoroll_vae.models.thesis.vae_trainer import VaeTrainer, validate_vae
from pianoroll_vae.models.training.device import has_fast_bfloat16
from pianoroll_vae.models.training.loop import Progress, train
from pianoroll_vae.models.training.ranks import Ranks
from pianoroll_vae.models.training.settings import TrainingSettings
from pianoroll_vae.music.band import LPD5
from pianoroll_vae.music.dataset import Dataset
from tests.models.thesis.plain_networks import PlainVae, copy_into
from tests.thesis_dataset import thesis_dataset

THESIS = find_recipe("thesis")
FLOPS_A_ROLL = 3 * 2 * 5_775_616
"""Forward, and twice that backward, of all products of the dense networks, silence included."""


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--dataset", type=Path, help="a dataset of the recipe thesis (vaemusic preprocess)")
    asked.add_argument("--segments", type=int, default=2048, help="training segments that are timed")
    asked.add_argument("--rounds", type=int, default=3)
    asked.add_argument("--fast-batch", type=int, default=256)
    asked.add_argument("--elbo", action="store_true", help="compare held-out bounds too")
    asked.add_argument("--epochs", type=int, default=2, help="for --elbo")
    asked.add_argument("--threads", type=int, default=torch.get_num_threads())
    options = asked.parse_args()
    torch.set_num_threads(options.threads)
    torch.set_flush_denormal(True)
    with tempfile.TemporaryDirectory() as folder:
        path = options.dataset or Path(folder) / "dataset.h5"
        dataset = Dataset.open(path) if options.dataset else thesis_dataset(path, songs=300, segments=10)
        data = ThesisTrainingData(THESIS, LPD5, dataset.bank("train"), dataset.bank("valid"))
        print(f"{len(data.train):,} training segments, {torch.get_num_threads()} threads, {path}")
        time_training(data, options.segments, options.rounds, options.fast_batch)
        if options.elbo:
            compare_bounds(data, options.segments, options.epochs, options.fast_batch)


def time_training(data: ThesisTrainingData, segments: int, rounds: int, fast_batch: int) -> None:
    """Rolls a second of an epoch over the first `segments`."""
    precisions = {"float32": torch.float32}
    if has_fast_bfloat16():  # elsewhere it is emulated, and a hundred times slower
        precisions["bfloat16"] = torch.bfloat16
    rates = {name: matrix_rate(kind) for name, kind in precisions.items()}
    print("matrix rate: " + ", ".join(f"{name} {rate / 1e9:,.0f} GFLOP/s" for name, rate in rates.items()))
    ways = {"reference loop, batch 32, float32": ("float32", Reference(data, segments, seed=0).epoch)}
    for precision, batch in product(precisions, (32, 128, fast_batch)):
        ours = trainer(data, segments, batch, getattr(torch, precision), seed=0)
        ways[f"vaemusic, batch {batch}, {precision}"] = (precision, Epochs(ours).epoch)
    best, best_cpu = dict.fromkeys(ways, 0.0), dict.fromkeys(ways, 0.0)
    for _ in range(rounds):
        for name, (_, epoch) in ways.items():
            started, busy = time.perf_counter(), time.process_time()
            rolls = epoch()
            best[name] = max(best[name], rolls / (time.perf_counter() - started))
            best_cpu[name] = max(best_cpu[name], rolls / (time.process_time() - busy))
    reference = next(iter(ways))
    print("                                       rolls/s  ratio  of matrix rate   rolls a CPU second  ratio")
    for name, (precision, _) in ways.items():
        share = best[name] * FLOPS_A_ROLL / rates[precision]
        print(
            f"{name:36} {best[name]:9,.0f} {best[name] / best[reference]:6.1f} {share:14.0%} "
            f"{best_cpu[name]:20,.0f} {best_cpu[name] / best_cpu[reference]:6.1f}"
        )


def compare_bounds(data: ThesisTrainingData, segments: int, epochs: int, fast_batch: int) -> None:
    """Held-out loss, mean over the band, after the same number of rolls; the reference's batches are always of 32."""
    for seed in range(3):
        reference = Reference(data, segments, seed)
        for _ in range(epochs):
            reference.epoch()
        plain = BandVae.fresh(THESIS, LPD5.names, seed)
        copy_into(plain.weights, reference.networks)
        valid = Rolls(data.valid, plain.order, tuple(range(5)), THESIS.grid.cell_scale)
        with torch.no_grad():
            theirs = float(np.mean(validate_vae(plain, valid, torch.float32)["valid_loss"]))
        for batch, precision in ((32, torch.float32), (32, torch.bfloat16), (fast_batch, torch.bfloat16)):
            ours = trainer(data, segments, batch, precision, seed)
            list(train(ours, Progress.fresh(ours), epochs, None, lambda n: None))
            with torch.no_grad():
                found = validate_vae(BandVae(THESIS, ours.weights), valid, torch.float32)["valid_loss"]
            loss = float(np.mean(found))
            name = str(precision).removeprefix("torch.")
            print(
                f"seed {seed}: held-out loss {theirs:.1f} reference, {loss:.1f} ours, batch {batch}, {name}: "
                f"{abs(loss - theirs) / abs(theirs):.2%} apart"
            )


class Reference:
    """The published way: networks of convolutions, trained one instrument after another from a DataLoader."""

    def __init__(self, data: ThesisTrainingData, segments: int, seed: int) -> None:
        torch.manual_seed(seed)
        chosen = np.arange(min(segments, len(data.train)))
        self.rolls = [
            torch.from_numpy(data.train.batch(chosen, i)).float().unsqueeze(1) / 127 for i in range(len(LPD5))
        ]
        self.networks = [PlainVae() for _ in LPD5]
        self.optimisers = [torch.optim.Adam(net.parameters(), lr=1e-3, weight_decay=1e-6) for net in self.networks]

    def epoch(self) -> int:
        for rolls, network, optimiser in zip(self.rolls, self.networks, self.optimisers, strict=True):
            for (batch,) in DataLoader(TensorDataset(rolls), batch_size=32, shuffle=True):
                code = network.encode(batch)
                posterior = Normal(code[:, :-1], code[:, -1:].exp())
                latents = posterior.rsample()
                divergence = (posterior.log_prob(latents) - Normal(0, 1).log_prob(latents)).sum(1)
                error = (batch - network.decode(latents)) / network.log_sigma.exp()
                reconstruction = (0.5 * error.square() + network.log_sigma).sum((1, 2, 3))
                optimiser.zero_grad()
                (reconstruction + divergence).mean().backward()
                optimiser.step()
        return sum(len(rolls) for rolls in self.rolls)


class Epochs:
    """One epoch after another of a trainer."""

    def __init__(self, ours: VaeTrainer) -> None:
        self.ours = ours
        self.number = 0

    def epoch(self) -> int:
        self.number += 1
        self.ours.train_epoch(self.number, lambda n: None)
        return self.ours.samples_per_epoch


def trainer(data: ThesisTrainingData, segments: int, batch: int, precision: torch.dtype, seed: int) -> VaeTrainer:
    """Ours, over the first `segments` training segments."""
    ours = data.for_vae(LPD5.names, TrainingSettings(batch, 1e-3, seed, precision), Ranks(), torch.device("cpu"))
    ours.train.segments = min(segments, len(ours.train))
    ours.samples_per_epoch = ours.train.segments * len(LPD5)
    return ours


def matrix_rate(kind: torch.dtype) -> float:
    """Floating-point operations a second of a large product."""
    size, best = 2048, float("inf")
    left, right = torch.randn(size, size).to(kind), torch.randn(size, size).to(kind)
    for _ in range(8):
        started = time.perf_counter()
        left @ right
        best = min(best, time.perf_counter() - started)
    return 2 * size**3 / best


if __name__ == "__main__":
    main()
