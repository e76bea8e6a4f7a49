"""Checks and measures training on a CUDA GPU; where there is none, it ends.

    make gpu-check        or        PYTHONPATH=src python3 -m tests.bench.gpu_check --report gpu.json

Needs torch, numpy, h5py and safetensors, and makes its own data. Trains every recipe for an epoch in float32 on CPU and
GPU and compares the losses, then a few epochs in bfloat16; measures rolls and tokens a second, their share of the
device's matrix rate, and memory. Writes one report as JSON.
"""

import argparse
import json
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from pianoroll_vae.models.families import family_of
from pianoroll_vae.models.model import Kind
from pianoroll_vae.models.recipe import RECIPES, Recipe
from pianoroll_vae.models.training.loop import Trainer
from pianoroll_vae.models.training.ranks import Ranks
from pianoroll_vae.models.training.settings import TrainingSettings
from pianoroll_vae.models.training.weights import Weights
from pianoroll_vae.music.dataset import Dataset
from tests.arranger_dataset import arranger_dataset
from tests.thesis_dataset import thesis_dataset

FLOPS_A_ROLL = 3 * 2 * 5_775_616
"""Of the VAE of `thesis`: forward, and twice that backward."""

TOLERANCE = 1e-3
"""Relative, between the losses of a float32 epoch on CPU and GPU."""

Figures = dict[str, Any]


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--batch", type=int, nargs="+", default=[2048, 8192, 32768], help="rolls in a batch")
    asked.add_argument("--songs", type=int, default=1000, help="songs of random bars that are measured with")
    asked.add_argument("--report", type=Path, default=Path("gpu.json"))
    options = asked.parse_args()
    if not torch.cuda.is_available():
        print("not run: PyTorch sees no CUDA device here")
        return 2
    report: Figures = {"gpu": torch.cuda.get_device_name(), "torch": torch.__version__, "matrix_flops": matrix_rate()}
    with tempfile.TemporaryDirectory() as folder:
        small = {
            "thesis": thesis_dataset(Path(folder) / "a.h5", songs=40, segments=4),
            "arranger": arranger_dataset(Path(folder) / "b.h5", songs=20, bars=32),
        }
        report["recipes"] = {name: compare(recipe, small[recipe.family]) for name, recipe in RECIPES.items()}
        large = thesis_dataset(Path(folder) / "c.h5", songs=options.songs, segments=20)
        report["thesis"] = [measure(RECIPES["thesis"], large, batch) for batch in options.batch]
        for figures in report["thesis"]:
            figures["share"] = figures["rate"] * FLOPS_A_ROLL / report["matrix_flops"]
        songs = arranger_dataset(Path(folder) / "d.h5", 60, 64)
        report["arranger"] = [measure(RECIPES["arranger"], songs, batch) for batch in (8, 32, 128)]
    options.report.write_text(json.dumps(report, indent=1) + "\n")
    print(json.dumps(report, indent=1))
    return int(any(figures["apart"] > TOLERANCE for figures in report["recipes"].values()))


def trainer_of(
    recipe: Recipe, dataset: Dataset, kind: Kind, settings: TrainingSettings, device: torch.device
) -> Trainer:
    """Of untrained networks; latent networks on the latents of untrained VAEs."""
    family, band = family_of(recipe), dataset.band
    data = family.training_data(dataset, recipe, print)
    vaes = Weights.fresh(family.network_names("vae", band), family.parameter_specs("vae", recipe, band), 0)
    weights = None if kind == "vae" else vaes
    return data.trainer(kind, family.network_names(kind, band), weights, settings, 1, device, Ranks())


def compare(recipe: Recipe, dataset: Dataset) -> Figures:
    """An epoch of each kind of network in float32 on both devices, from the same seed."""
    torch.backends.cuda.matmul.allow_tf32 = False
    short = replace(recipe, latents=replace(recipe.latents, pairs=1024))
    kinds: tuple[Kind, ...] = ("vae", "melody", "conditional") if recipe.family == "arranger" else ("vae",)
    apart = 0.0
    for kind in kinds:
        losses = [
            trainer_of(short, dataset, kind, TrainingSettings(16, 1e-3), torch.device(device)).train_epoch(1, _ignore)
            for device in ("cpu", "cuda")
        ]
        pairs = zip(losses[0]["loss"], losses[1]["loss"], strict=True)
        apart = max(apart, *(abs(cpu - gpu) / max(abs(cpu), 1e-9) for cpu, gpu in pairs))
    print(f"{recipe.name}: CPU and GPU {apart:.1e} apart", flush=True)
    return {"kinds": kinds, "apart": apart}


def measure(recipe: Recipe, dataset: Dataset, batch: int) -> Figures:
    """The best rate of three epochs of the VAE in bfloat16, after one that is not counted."""
    torch.cuda.reset_peak_memory_stats()
    settings = TrainingSettings(batch, 1e-3, 0, torch.bfloat16)
    trainer = trainer_of(recipe, dataset, "vae", settings, torch.device("cuda"))
    rates = [_rate(trainer, epoch) for epoch in (1, 2, 3, 4)]
    memory = torch.cuda.max_memory_allocated() / 2**30
    print(f"{recipe.name}: {max(rates[1:]):,.0f} {trainer.unit} a second in batches of {batch}", flush=True)
    return {"rate": max(rates[1:]), "unit": f"{trainer.unit} a second", "batch": batch, "gibibytes": memory}


def _rate(trainer: Trainer, epoch: int) -> float:
    torch.cuda.synchronize()
    started = time.perf_counter()
    trainer.train_epoch(epoch, _ignore)
    torch.cuda.synchronize()
    return trainer.samples_per_epoch / (time.perf_counter() - started)


def _ignore(samples: int) -> None:
    pass


def matrix_rate() -> float:
    """Floating-point operations a second of a large product in bfloat16."""
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
