"""Checks and measures the training of VAEs on a CUDA GPU. It has not run on one yet; where there is none, it ends.

    python tests/bench/gpu_check.py [--dataset WORKSPACE/dataset.h5] [--batch 2048] [--songs 2000]

Compares the losses of a float32 epoch on CPU and GPU, then prints rolls a second in bfloat16, their share of the
device's measured matrix rate, memory, and the profile of an epoch.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

import torch
from torch.profiler import ProfilerActivity, profile

sys.path.insert(0, str(Path(__file__).parents[2]))

from pianoroll_vae.models.recipe import find_recipe
from pianoroll_vae.models.thesis.training_data import ThesisTrainingData
from pianoroll_vae.models.training.loop import Trainer
from pianoroll_vae.models.training.ranks import Ranks
from pianoroll_vae.models.training.settings import TrainingSettings
from pianoroll_vae.music.band import LPD5
from pianoroll_vae.music.dataset import Dataset
from tests.bench.train_bench import FLOPS_A_ROLL
from tests.thesis_dataset import thesis_dataset


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--dataset", type=Path)
    asked.add_argument("--batch", type=int, default=2048)
    asked.add_argument("--songs", type=int, default=2000, help="songs of random bars, where there is no dataset")
    options = asked.parse_args()
    if not torch.cuda.is_available():
        print("not run: PyTorch sees no CUDA device here")
        return 2
    with tempfile.TemporaryDirectory() as folder:
        path = options.dataset or Path(folder) / "dataset.h5"
        dataset = Dataset.open(path) if options.dataset else thesis_dataset(path, songs=options.songs, segments=20)
        data = ThesisTrainingData(find_recipe("thesis"), LPD5, dataset.bank("train"), dataset.bank("valid"))
        agree(data)
        measure(data, options.batch)
    return 0


def agree(data: ThesisTrainingData) -> None:
    """An epoch in float32 on both devices, from the same seed."""
    torch.backends.cuda.matmul.allow_tf32 = False
    figures = []
    for device in (torch.device("cpu"), torch.device("cuda")):
        trainer = data.for_vae(LPD5.names, TrainingSettings(256, 1e-3, 0, torch.float32), Ranks(), device)
        figures.append(trainer.train_epoch(1, lambda n: None)["loss"])
    apart = max(abs(a - b) / abs(a) for a, b in zip(*figures, strict=True))
    print(f"losses of a float32 epoch on CPU and GPU: {apart:.2e} apart at most")


def measure(data: ThesisTrainingData, batch: int) -> None:
    """Rolls a second of whole epochs without the first."""
    trainer = data.for_vae(LPD5.names, TrainingSettings(batch, 1e-3, 0, torch.bfloat16), Ranks(), torch.device("cuda"))
    trainer.train_epoch(1, lambda n: None)
    best = max(rate(trainer, epoch) for epoch in (2, 3, 4))
    share = best * FLOPS_A_ROLL / matrix_rate()
    memory = torch.cuda.max_memory_allocated() / 2**30
    print(f"{best:,.0f} rolls/s at batch {batch}, {share:.0%} of the matrix rate, {memory:.1f} GiB at most")
    with profile(activities=[ProfilerActivity.CPU, ProfilerActivity.CUDA]) as seen:
        trainer.train_epoch(5, lambda n: None)
    print(seen.key_averages().table(sort_by="self_cuda_time_total", row_limit=15))


def rate(trainer: Trainer, epoch: int) -> float:
    torch.cuda.synchronize()
    started = time.perf_counter()
    trainer.train_epoch(epoch, lambda n: None)
    torch.cuda.synchronize()
    return trainer.samples_per_epoch / (time.perf_counter() - started)


def matrix_rate() -> float:
    left = torch.randn(8192, 8192, device="cuda", dtype=torch.bfloat16)
    for _ in range(3):
        left @ left
    torch.cuda.synchronize()
    started = time.perf_counter()
    for _ in range(10):
        left @ left
    torch.cuda.synchronize()
    return 10 * 2 * 8192**3 / (time.perf_counter() - started)


if __name__ == "__main__":
    sys.exit(main())
