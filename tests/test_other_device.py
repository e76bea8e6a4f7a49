"""Training on a device that is not the CPU leaves no tensor on the CPU: shown on PyTorch's device "meta".

Tensors on "meta" have shapes and no values, and PyTorch refuses to compute with one of them and one on the CPU. Only
what a GPU would copy back, metrics, is made of zeros here.
"""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.fx.experimental import _config as meta_config
from torch.overrides import TorchFunctionMode

from pianoroll_vae.models.families import family_of
from pianoroll_vae.models.model import KINDS, Kind
from pianoroll_vae.models.recipe import RECIPES, Recipe
from pianoroll_vae.models.training.loop import Trainer
from pianoroll_vae.models.training.ranks import Ranks
from pianoroll_vae.models.training.settings import TrainingSettings
from pianoroll_vae.models.training.weights import Weights
from pianoroll_vae.music.band import LPD5
from pianoroll_vae.music.dataset import Dataset
from tests.arranger_dataset import arranger_dataset
from tests.small_arranger import SMALL_ARRANGER
from tests.thesis_dataset import SMALL, distinct_vaes, thesis_dataset

META, CPU = torch.device("meta"), torch.device("cpu")
SHALLOW = replace(SMALL_ARRANGER.arranger, layers=1, prior_layers=1, chart_layers=1)
"""One layer says as much as several: each computation on "meta" takes a hundred times as long as elsewhere."""

SMALL_RECIPES = {"arranger": replace(SMALL_ARRANGER, arranger=SHALLOW)} | {
    name: replace(recipe, latent_size=4, vae=replace(recipe.vae, channels=(4, 8, 8), epochs=1))
    for name, recipe in distinct_vaes(RECIPES).items()
}
TRAININGS = [(name, kind) for name in SMALL_RECIPES for kind in (KINDS if name == "arranger" else ("vae",))]
"""The latent networks of the thesis are trained on the CPU on every machine."""


class CopiedBack(TorchFunctionMode):
    """What is copied from "meta" to the CPU are zeros."""

    def __torch_function__(
        self, func: Callable[..., Any], types: Sequence[Any], args: Any = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        if args and isinstance(args[0], Tensor) and args[0].device == META:
            if func in (Tensor.cpu, Tensor.tolist, Tensor.item, Tensor.__bool__, Tensor.__float__, Tensor.__int__):
                return func(torch.zeros(args[0].shape, dtype=args[0].dtype, device="cpu"), *args[1:])
            if func is Tensor.copy_ and args[1].device == CPU:
                return args[0]
        return func(*args, **(kwargs or {}))


@pytest.fixture
def on_meta(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    optimizer = sys.modules[torch.optim.Optimizer.__module__]
    monkeypatch.setattr(optimizer, "_get_fused_kernels_supported_devices", lambda: ["meta", "cpu"])
    with meta_config.patch(meta_nonzero_assume_all_nonzero=True), CopiedBack():  # type: ignore[attr-defined]
        yield


def trainer_of(dataset: Dataset, recipe: Recipe, kind: Kind, device: torch.device, batch_size: int = 4) -> Trainer:
    family = family_of(recipe)
    data = family.training_data(dataset, recipe, lambda notice: None)
    names = family.network_names(kind, LPD5)
    vaes = Weights.fresh(family.network_names("vae", LPD5), family.parameter_specs("vae", recipe, LPD5), 0)
    settings = TrainingSettings(batch_size, 1e-3)
    return data.trainer(kind, names, None if kind == "vae" else vaes, settings, 1, device, Ranks())


@pytest.mark.parametrize(("name", "kind"), TRAININGS)
def test_no_tensor_of_a_training_step_is_left_on_the_cpu(tmp_path: Path, on_meta: None, name: str, kind: Kind) -> None:
    recipe = SMALL_RECIPES[name]
    make = arranger_dataset if recipe.family == "arranger" else thesis_dataset
    trainer = trainer_of(make(tmp_path / "d.h5", 2), recipe, kind, META, batch_size=16)
    trainer.train_epoch(1, lambda samples: None)
    trainer.validate()
    assert {weight.device for weight in trainer.named_weights().values()} == {META}
    moments = {name: moment for name, moment in trainer.optimizer_state().items() if not name.endswith("/step")}
    assert {moment.device for moment in moments.values()} == {META}
    assert moments


@pytest.mark.parametrize("recipe", [SMALL, SMALL_ARRANGER], ids=lambda recipe: recipe.name)
def test_a_batch_that_the_memory_cannot_hold_is_halved(
    tmp_path: Path, on_meta: None, monkeypatch: pytest.MonkeyPatch, recipe: Recipe
) -> None:
    backward, autograd, tried = Tensor.backward, torch.autograd.grad, []

    def of_little_memory(compute: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*arguments: Any, **named: Any) -> Any:
            tried.append(1)
            if len(tried) < 3:
                raise torch.OutOfMemoryError("no room")
            return compute(*arguments, **named)

        return wrapped

    monkeypatch.setattr(Tensor, "backward", of_little_memory(backward))
    monkeypatch.setattr(torch.autograd, "grad", of_little_memory(autograd))
    make = arranger_dataset if recipe.family == "arranger" else thesis_dataset
    trainer = trainer_of(make(tmp_path / "d.h5", 6), recipe, "vae", META, batch_size=8)
    assert trainer.settings.batch_size == 2  # type: ignore[attr-defined]
