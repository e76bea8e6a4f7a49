"""Trains what is missing or stale of a band: settles what is asked for and with what, then kind after kind."""

from contextlib import nullcontext
from dataclasses import asdict, dataclass
from typing import Any

from pianoroll_vae.config import TrainSettings
from pianoroll_vae.console import SilentWatch, Watch
from pianoroll_vae.desk.training import Outcome, Training, TrainOrder
from pianoroll_vae.errors import SettingInvalid
from pianoroll_vae.models.families import family_of
from pianoroll_vae.models.recipe import Recipe
from pianoroll_vae.models.training.device import choose_device
from pianoroll_vae.models.training.ranks import joined, local_device
from pianoroll_vae.models.training.tensorboard import refuse_without_tensorboard
from pianoroll_vae.models.training.training_data import TrainingData
from pianoroll_vae.music.dataset import Dataset
from pianoroll_vae.workspace import DATASET, Workspace


@dataclass(frozen=True)
class TrainReport:
    """Every network that was asked for, newly trained or found fresh."""

    outcomes: tuple[Outcome, ...]

    def as_dict(self) -> dict[str, Any]:
        return {"networks": [asdict(outcome) for outcome in self.outcomes]}


def run(workspace: Workspace, order: TrainOrder, settings: TrainSettings, recipe: Recipe, watch: Watch) -> TrainReport:
    """Train the networks of `order` on the workspace's dataset; what is fresh is left alone."""
    _check(order, settings)
    device, why = choose_device(settings.device)
    device = local_device(device)
    with joined(device) as ranks, workspace.lock() if ranks.first else nullcontext():
        watch = watch if ranks.first else SilentWatch()
        dataset = Dataset.open(workspace.require(DATASET))
        for name in order.instruments:
            dataset.band.index(name)
        watch.notice(why)
        data = _training_data(dataset, recipe, order, watch)
        outcomes: list[Outcome] = []
        for kind in order.kinds:
            outcomes += Training(workspace, kind, order, settings, data, dataset.fingerprint, ranks, watch).run()
    return TrainReport(tuple(outcomes))


def _training_data(dataset: Dataset, recipe: Recipe, order: TrainOrder, watch: Watch) -> TrainingData:
    family = family_of(recipe)
    if order.instruments and not family.network_per_instrument:
        raise SettingInvalid(
            f"The instruments of the recipe '{recipe.name}' share their networks, so they are trained together.",
            "Leave --instrument out.",
        )
    with watch.task("Reading songs", None, "songs"):
        return family.training_data(dataset, recipe, watch.notice)


def _check(order: TrainOrder, settings: TrainSettings) -> None:
    """Settings may come from vaemusic.toml, where no flag's bounds have been checked."""
    for name in ("epochs", "batch_size", "patience"):
        value = getattr(settings, name)
        if value is not None and value < 1:
            raise SettingInvalid(f"{name} is {value}, which cannot be.", "It must be 1 or more.")
    if order.tensorboard:
        refuse_without_tensorboard()
    if order.learning_rate is not None and not 0 < order.learning_rate < 1:
        raise SettingInvalid(f"The learning rate {order.learning_rate} cannot be.", "It must lie between 0 and 1.")
