"""Held-out nats of one of the arranger's networks after so many updates, with Muon for matrices or with Adam alone.

    python -m tests.bench.optimizers DATASET [--network vae|melody|conditional] [--updates 175] [--learning-rate 0.001]
        [--adam] [--muon-rate 20] [--warm-up 20] [--average 0.99] [--init]

DATASET is of the recipe arranger (vaemusic preprocess). `--adam`: Adam alone. `--average`: decay of a moving average of
the weights over the last quarter, which is validated beside them. `--init`: from the bundled weights. Priors learn from
the bundled encoder. CPU seconds are those of the updates alone.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from pianoroll_vae.bundled.bundle import BUNDLED
from pianoroll_vae.console import Table, show_table
from pianoroll_vae.models.arranger.train import trainer as training
from pianoroll_vae.models.arranger.train.trainer import ArrangerTrainer
from pianoroll_vae.models.arranger.train.training_data import ArrangerTrainingData
from pianoroll_vae.models.model import KINDS, Kind
from pianoroll_vae.models.recipe import ARRANGER
from pianoroll_vae.models.training.adam import Adam
from pianoroll_vae.models.training.checkpoint import Trained, load_trained
from pianoroll_vae.models.training.muon import Muon
from pianoroll_vae.models.training.ranks import Ranks
from pianoroll_vae.models.training.resume import copy_weights
from pianoroll_vae.models.training.settings import TrainingSettings
from pianoroll_vae.music.dataset import Dataset

EPOCHS = 20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--network", choices=("vae", "melody", "conditional"), default="vae")
    parser.add_argument("--updates", type=int, default=175)
    parser.add_argument("--learning-rate", type=float, default=1e-3)
    parser.add_argument("--adam", action="store_true")
    parser.add_argument("--muon-rate", type=float, default=training.MUON_RATE, help="a multiple of the learning rate")
    parser.add_argument("--warm-up", type=int, help="updates; default: as in training")
    parser.add_argument("--average", type=float, default=0.99)
    parser.add_argument("--windows", type=int, default=128, help="held-out windows")
    parser.add_argument("--init", action="store_true")
    options = parser.parse_args()
    torch.set_flush_denormal(True)
    training.MUON_RATE = options.muon_rate
    if options.warm_up:
        training.WARM_UP, training.WARM_UP_SHARE = options.warm_up, 1.0
    recipe = replace(ARRANGER, genres=bundled("vae").recipe.genres)
    data = ArrangerTrainingData.from_dataset(Dataset.open(options.dataset), recipe)
    settings = TrainingSettings(recipe.training_of(options.network).batch_size, options.learning_rate)
    subject = trainer(data, options.network, settings)
    if options.adam:
        use_adam_alone(subject)
    if options.init:
        copy_weights(bundled(options.network).weights, subject)
    subject.updates = max(options.updates // EPOCHS, 1)
    type(subject).valid_windows = options.windows
    show_table(measure(subject, options.average))


def bundled(kind: Kind) -> Trained:
    return load_trained(BUNDLED.parts[KINDS.index(kind)], kind, "")


def trainer(data: ArrangerTrainingData, kind: Kind, settings: TrainingSettings) -> ArrangerTrainer[Any, Any]:
    row = {"vae": "band", "melody": data.band.lead}.get(kind, "followers")
    vae = None if kind == "vae" else bundled("vae").weights
    made = data.trainer(kind, (row,), vae, settings, EPOCHS, torch.device("cpu"), Ranks())
    assert isinstance(made, ArrangerTrainer)
    return made


def use_adam_alone(subject: ArrangerTrainer[Any, Any]) -> None:
    subject.others = dict(subject.network.named_parameters())
    subject.adam = Adam(subject.others.values(), weight_decay=subject.recipe.vae.weight_decay, fused=True)
    subject.muon = Muon({})


def measure(subject: ArrangerTrainer[Any, Any], decay: float) -> Table:
    """Trains, and validates at the beginning, in the middle, after three quarters, at the end, and averaged weights."""
    rows, seconds = [("0", subject.validate()["valid_loss"][0])], 0.0
    average = Average(subject.named_weights(), decay)
    for epoch in range(1, EPOCHS + 1):
        begun = time.process_time()
        subject.train_epoch(epoch, average.update if 4 * epoch > 3 * EPOCHS else lambda samples: None)
        seconds += time.process_time() - begun
        if epoch in (EPOCHS // 2, 3 * EPOCHS // 4, EPOCHS):
            found = subject.validate()
            rows.append((f"{epoch * subject.updates}", found["valid_loss"][0]))
    terms = ", ".join(f"{name.removeprefix('valid_')} {value:.3f}" for name, [value] in found.items())
    average.put()
    rows.append(("averaged", subject.validate()["valid_loss"][0]))
    note = f"{terms}; {seconds:.0f} CPU seconds, {seconds / EPOCHS / subject.updates:.2f} an update"
    return Table("held-out loss", ("updates", "nats"), rows, note)


class Average:
    """An exponential moving average of weights."""

    def __init__(self, weights: Mapping[str, Tensor], decay: float) -> None:
        self.weights, self.decay, self.updates = list(weights.values()), decay, 0
        self.means = [weight.detach().clone() for weight in self.weights]

    @torch.no_grad()
    def update(self, samples: int) -> None:
        """Called after each update of the weights. The first ones count more, since the average is empty before."""
        self.updates += 1
        decay = min(self.decay, (self.updates - 1) / (self.updates + 9))
        for mean, weight in zip(self.means, self.weights, strict=True):
            mean.lerp_(weight, 1 - decay)

    @torch.no_grad()
    def put(self) -> None:
        """In place of the weights."""
        for mean, weight in zip(self.means, self.weights, strict=True):
            weight.copy_(mean)


if __name__ == "__main__":
    main()
