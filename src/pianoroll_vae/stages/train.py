"""Trains the networks that are missing or stale, kind after kind; interrupted runs are resumed."""

import re
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import asdict, dataclass, replace
from typing import Any

from pianoroll_vae.config import TrainSettings
from pianoroll_vae.desk.initial_weights import initial_weights, known_genres
from pianoroll_vae.desk.trained_networks import (
    MODEL_ARTIFACTS,
    is_complete,
    read_trained,
    replacement_notice,
    save_best,
)
from pianoroll_vae.desk.training_inputs import TrainingInputs
from pianoroll_vae.desk.training_run import TrainingRun
from pianoroll_vae.errors import ArtifactStale, SettingInvalid
from pianoroll_vae.models.families import family_of
from pianoroll_vae.models.model import KINDS, Kind
from pianoroll_vae.models.model_files import require_networks
from pianoroll_vae.models.recipe import Recipe
from pianoroll_vae.models.training.checkpoint import LAST, Trained, load_trained
from pianoroll_vae.models.training.loop import Epoch, Progress, Trainer
from pianoroll_vae.models.training.ranks import Ranks, joined
from pianoroll_vae.models.training.resume import copy_weights
from pianoroll_vae.models.training.settings import Hardware, TrainingSettings, choose_hardware
from pianoroll_vae.models.training.tensorboard import event_files, refuse_without_tensorboard
from pianoroll_vae.models.training.training_data import TrainingData
from pianoroll_vae.music.dataset import Dataset
from pianoroll_vae.progress import SilentWatch, Watch
from pianoroll_vae.workspace import DATASET, VAE, Workspace

PATIENCE_FROM_TRAINED = 3
"""The default with `--init`: few songs are learned in few epochs, and the next ones learn them by heart."""


@dataclass(frozen=True)
class TrainOptions:
    """What to train and how, beside the settings that vaemusic.toml holds."""

    kinds: tuple[Kind, ...] = KINDS
    instruments: tuple[str, ...] = ()
    """Train only the networks of these instruments; empty: all."""

    learning_rate: float | None = None
    precision: str = "auto"
    restart: bool = False
    """Train again what is already trained."""

    init: str | None = None
    """Copy the initial weights from `bundled` or a folder made by `vaemusic export`; None: random weights."""

    tensorboard: bool = False
    """Write TensorBoard's event files, too."""


@dataclass(frozen=True)
class Outcome:
    """One trained network."""

    network: str
    instrument: str
    epochs: int
    best_epoch: int
    ended: str
    """Why training ended."""

    scores: Mapping[str, float]
    """The metrics of the best epoch."""


@dataclass(frozen=True)
class TrainReport:
    """The requested networks, trained now or before."""

    outcomes: tuple[Outcome, ...]

    def as_dict(self) -> dict[str, Any]:
        return {"networks": [asdict(outcome) for outcome in self.outcomes]}


def run(
    workspace: Workspace, options: TrainOptions, settings: TrainSettings, recipe: Recipe, watch: Watch
) -> TrainReport:
    """Train the requested networks that are missing or stale on the workspace's dataset."""
    _check(options, settings)
    hardware, reasons = choose_hardware(settings.device, options.precision)
    with joined(hardware.device) as ranks, workspace.lock() if ranks.first else nullcontext():
        watch = watch if ranks.first else SilentWatch()
        made_from = {DATASET.name: workspace.fingerprint(DATASET)}
        dataset = Dataset.open(workspace.require(DATASET))
        for name in options.instruments:
            dataset.band.index(name)
        for reason in reasons:
            watch.notice(reason)
        known = replace(recipe, genres=known_genres(workspace, options.init))
        data = _training_data(dataset, known, options, watch)
        command = _Training(workspace, options, settings, data, dataset.fingerprint, made_from, hardware, ranks, watch)
        return TrainReport(tuple(outcome for kind in options.kinds for outcome in command.train_kind(kind)))


def _check(options: TrainOptions, settings: TrainSettings) -> None:
    """Settings from vaemusic.toml have not been checked by the command line."""
    for name in ("epochs", "batch_size", "patience"):
        value = getattr(settings, name)
        if value is not None and value < 1:
            raise SettingInvalid(f"{name} is {value}.", f"{name} must be 1 or more.")
    if options.tensorboard:
        refuse_without_tensorboard()
    if options.learning_rate is not None and not 0 < options.learning_rate < 1:
        raise SettingInvalid(
            f"The learning rate is {options.learning_rate}.",
            "It must be more than 0 and less than 1, for instance 0.001.",
        )


def _training_data(dataset: Dataset, recipe: Recipe, options: TrainOptions, watch: Watch) -> TrainingData:
    family = family_of(recipe)
    if options.instruments and not family.network_per_instrument:
        raise SettingInvalid(
            f"The instruments of the recipe '{recipe.name}' share their networks, so they are trained together.",
            "Leave --instrument out.",
        )
    with watch.task("Reading songs", None, "songs"):
        return family.training_data(dataset, recipe, watch.notice)


@dataclass(frozen=True)
class _Training:
    """What the networks of all kinds in one command are trained with."""

    workspace: Workspace
    options: TrainOptions
    settings: TrainSettings
    data: TrainingData
    dataset: str
    """The dataset's fingerprint."""

    made_from: Mapping[str, str]
    """The digest of the dataset's file when it was opened."""

    hardware: Hardware
    ranks: Ranks
    watch: Watch

    def train_kind(self, kind: Kind) -> list[Outcome]:
        """Train the networks of a kind that are missing or stale."""
        names = self._requested_names(kind)
        if not names:
            return []
        inputs, requested = self._inputs(kind, names), self._requested_settings()
        trained = read_trained(self.workspace, kind, self.watch.notice)
        self._refuse_to_replace(trained)
        missing = tuple(
            name for name in names if self.options.restart or not is_complete(name, trained, inputs, requested)
        )
        if missing:
            for name in missing:
                if not self.options.restart and (notice := replacement_notice(name, trained, inputs, requested)):
                    self.watch.notice(notice)
            self._train(inputs, missing, trained)
            self.ranks.wait()
            trained = read_trained(self.workspace, kind, self.watch.notice)
        else:
            self.watch.notice(f"{kind}: already trained; --restart trains it again")
        assert trained is not None
        scores, progress = trained.header.scores, trained.header.progress
        return [Outcome(kind, name, scores=scores[name], **asdict(progress[name])) for name in names]

    def _refuse_to_replace(self, trained: Trained | None) -> None:
        """Another recipe's networks are replaced only with --restart."""
        recipe = self.data.recipe
        if trained is None or self.options.restart or _without_data(trained.recipe) == _without_data(recipe):
            return
        version = "another version of " if trained.recipe.name == recipe.name else ""
        raise SettingInvalid(
            f"The workspace has a trained {trained.header.kind} of {version}the recipe '{trained.recipe.name}' "
            f"({', '.join(trained.weights.instruments)}), which the recipe '{recipe.name}' would replace.",
            f"Train beside it: --name {re.sub('[^a-z0-9_-]', '-', recipe.name.lower())}; or replace it: --restart.",
        )

    def _requested_names(self, kind: Kind) -> tuple[str, ...]:
        names = family_of(self.data.recipe).network_names(kind, self.data.band)
        instruments = self.options.instruments
        requested = tuple(name for name in names if not instruments or name in instruments)
        if not requested and self.options.kinds == (kind,):
            raise SettingInvalid(
                f"There is no {kind} network for {', '.join(instruments)}.",
                f"These instruments have one: {', '.join(names)}.",
            )
        return requested

    def _requested_settings(self) -> dict[str, Any]:
        """Settings that the user named, which a trained network must have been trained with; None: any."""
        return {
            "epochs": self.settings.epochs,
            "batch_size": self.settings.batch_size,
            "learning_rate": self.options.learning_rate,
            "seed": self.settings.seed,
            "precision": None if self.options.precision == "auto" else self.options.precision,
            "init": self.options.init,
        }

    def _inputs(self, kind: Kind, names: tuple[str, ...]) -> TrainingInputs:
        recipe = self.data.recipe
        defaults = recipe.training_of(kind)
        factor = family_of(recipe).fine_tuning if self.options.init else 1.0
        settings = TrainingSettings(
            self.settings.batch_size or self.data.batch_size(kind),
            self.options.learning_rate or factor * defaults.learning_rate,
            self.settings.seed or 0,
            self.hardware.precision,
            from_trained=bool(self.options.init),
        )
        is_vae = kind in ("vae", "bar_vae")
        fingerprint = {} if is_vae else {VAE.name: self.workspace.fingerprint(VAE)}
        vae = None if is_vae else self._trained_vae(names)
        epochs = self.settings.epochs or defaults.epochs
        made_from = {**self.made_from, **fingerprint}
        return TrainingInputs(kind, self.data, self.dataset, vae, made_from, settings, epochs, self.options.init)

    def _trained_vae(self, names: tuple[str, ...]) -> Trained:
        """The VAEs whose latents the networks `names` are trained on."""
        vae = load_trained(self.workspace.require(VAE), "vae", self.workspace.command(VAE))
        needed = family_of(self.data.recipe).vae_names(names, self.data.band)
        require_networks("vae", vae.weights.instruments, needed, self.workspace.command(VAE))
        return vae

    def _train(self, inputs: TrainingInputs, names: tuple[str, ...], before: Trained | None) -> None:
        trainer = self._trainer(inputs, names)
        training_run = TrainingRun(
            self.workspace,
            inputs.kind,
            self.workspace.path(MODEL_ARTIFACTS[inputs.kind]).with_name(LAST),
            {"made": [inputs.digest(name) for name in names]},
            inputs.settings_json,
            inputs.epochs,
            self.watch,
            writes=self.ranks.first,
        )
        progress = None if self.options.restart else training_run.resume(trainer)
        if progress is None:
            self._initialise(trainer, inputs)
            progress = Progress.from_trained(trainer) if inputs.init else Progress.fresh(trainer)
        folder = self.workspace.event_files / self.data.recipe.name / inputs.kind
        tensorboard = self.options.tensorboard and self.ranks.first
        with event_files(folder, names, progress.epoch) if tensorboard else nullcontext() as write_events:

            def save(epoch: Epoch) -> None:
                if epoch.improved:
                    save_best(self.workspace, inputs, names, progress, before)
                if write_events:
                    write_events(epoch.records)

            patience = self.settings.patience or (PATIENCE_FROM_TRAINED if inputs.init else None)
            training_run.train(trainer, progress, patience, save)
        if not any(progress.best_epoch):
            self.watch.notice(f"{inputs.kind}: no epoch was better than the weights of {inputs.init}, which are kept")
        if self.ranks.first:
            save_best(self.workspace, inputs, names, progress, before)

    def _trainer(self, inputs: TrainingInputs, names: tuple[str, ...]) -> Trainer:
        if inputs.kind == "vae":
            for name in self.data.silent_instruments(names):
                self.watch.notice(f"{name} never plays in the training songs: its VAE learns silence")
        if inputs.vae:
            self._refuse_stale_vae(inputs.vae)
        weights = inputs.vae.weights if inputs.vae else None
        return self.data.trainer(
            inputs.kind, names, weights, inputs.settings, inputs.epochs, self.hardware.device, self.ranks
        )

    def _refuse_stale_vae(self, vae: Trained) -> None:
        status, recipe = self.workspace.status(VAE), self.data.recipe
        if status.state == "stale":
            raise ArtifactStale(f"The VAE is stale: {status.why}.", f"Run: {self.workspace.command(VAE)}")
        if vae.recipe != recipe:
            raise ArtifactStale(
                f"The VAE is of another recipe than '{recipe.name}'.", f"Run: {self.workspace.command(VAE)}"
            )

    def _initialise(self, trainer: Trainer, inputs: TrainingInputs) -> None:
        """Copy the weights of `--init`, if any, in place of random ones."""
        if inputs.init:
            copy_weights(initial_weights(inputs, inputs.init, trainer.instruments), trainer)
            self.watch.notice(f"{inputs.kind}: initial weights from {inputs.init}")


def _without_data(recipe: Recipe) -> dict[str, Any]:
    """The fields of a recipe, without those that it has from its dataset."""
    values = recipe.to_json()
    vae = {**values["vae"], "kernels": values["vae"]["kernels"][:-1]}
    return {**values, "vae": vae, "grid": None, "genres": None}
