"""One kind of network in training: what of it is there, what is missing, and the run that makes that.

After each epoch its metrics are appended, the best networks and the whole state of the run are written, so that
whatever happens the last epoch is kept. Knows nothing of what an epoch computes.
"""

import json
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from pathlib import Path
from typing import Any

from pianoroll_vae.bundled.bundle import BUNDLED, Bundle
from pianoroll_vae.config import TrainSettings
from pianoroll_vae.console import Watch
from pianoroll_vae.errors import ArtifactDamaged, ArtifactMissing, ArtifactStale, SettingInvalid
from pianoroll_vae.models.families import family_of
from pianoroll_vae.models.model import KINDS, Kind
from pianoroll_vae.models.model_files import require_networks
from pianoroll_vae.models.parameter_spec import ParameterSpec
from pianoroll_vae.models.recipe import LatentTraining, VaeTraining
from pianoroll_vae.models.training.checkpoint import LAST, Trained, load_trained, save_trained
from pianoroll_vae.models.training.device import choose_device
from pianoroll_vae.models.training.loop import Epoch, Progress, Trainer, train
from pianoroll_vae.models.training.ranks import Ranks, local_device
from pianoroll_vae.models.training.resume import copy_weights, load_progress, save_progress
from pianoroll_vae.models.training.settings import TrainingSettings, choose_training_settings
from pianoroll_vae.models.training.tensorboard import Records, event_files
from pianoroll_vae.models.training.training_data import TrainingData
from pianoroll_vae.models.training.weights import Weights
from pianoroll_vae.workspace import CONDITIONAL, MELODY, VAE, Artifact, Workspace, wrap_write_errors

ARTIFACTS: dict[Kind, Artifact] = {"vae": VAE, "melody": MELODY, "conditional": CONDITIONAL}


@dataclass(frozen=True)
class TrainOrder:
    """What is to be trained, beside the settings that vaemusic.toml may hold."""

    kinds: tuple[Kind, ...] = ("vae", "melody", "conditional")
    instruments: tuple[str, ...] = ()
    """Empty: everybody whose network is of that kind."""

    learning_rate: float | None = None
    precision: str = "auto"
    restart: bool = False
    init: str | None = None
    """What training starts from instead of chance: `bundled`, or the folder of an exported band."""
    tensorboard: bool = False
    """Write the metrics as event files too."""


@dataclass(frozen=True)
class Outcome:
    """How one network came out."""

    network: str
    instrument: str
    epochs: int
    best_epoch: int
    ended: str
    scores: Mapping[str, float]


@dataclass(frozen=True)
class Training:
    """The networks of one kind in one workspace."""

    workspace: Workspace
    kind: Kind
    order: TrainOrder
    settings: TrainSettings
    data: TrainingData
    dataset: str
    ranks: Ranks
    watch: Watch

    def run(self) -> list[Outcome]:
        there = self._there()
        wanted = self._wanted()
        missing = tuple(name for name in wanted if self.order.restart or not self._fresh(name, there))
        if missing:
            self._train(missing, there)
            self.ranks.wait()
            there = self._there()
        else:
            self.watch.notice(f"{self.kind}: trained and fresh; --restart trains anew")
        assert there is not None
        return [
            Outcome(self.kind, name, scores=there.header["scores"][name], **there.header["progress"][name])
            for name in wanted
        ]

    def _train(self, names: tuple[str, ...], there: Trained | None) -> None:
        trainer = self._learner(names)
        last = self.path.with_name(LAST)
        run = {"kind": self.kind, "made": [self._made(name) for name in names], **self._run}
        progress = None if self.order.restart else load_progress(last, run, trainer)
        if progress:
            progress.ended = ""
            self.watch.notice(f"{self.kind}: goes on after epoch {progress.epoch} of {self._epochs}")
        else:
            if self.order.init:
                self._start_from(self.order.init, trainer)
            progress = Progress.fresh(trainer)
        left = max(self._epochs - progress.epoch, 0) * trainer.samples_per_epoch
        try:
            with (
                self._event_files(names, progress.epoch) as tell_tensorboard,
                self.watch.task(f"Training {self.kind}", left, trainer.unit) as task,
            ):
                for epoch in train(trainer, progress, self._epochs, self.settings.patience, task.advance):
                    if self.ranks.first:
                        self._keep(epoch, trainer, progress, there, run)
                        tell_tensorboard(epoch.records)
        except KeyboardInterrupt:
            kept = f"what {progress.epoch} epochs taught is kept" if progress.epoch else "nothing was learned yet"
            self.watch.notice(f"{self.kind}: stopped; {kept}, the same command goes on from there")
            raise
        self.watch.notice(f"{self.kind}: {progress.ended}")
        if self.ranks.first:
            self._save_best(trainer, progress, there)

    def _keep(
        self, epoch: Epoch, trainer: Trainer, progress: Progress, there: Trained | None, run: Mapping[str, Any]
    ) -> None:
        """Write what an epoch gave. The state of the run comes last: were it lost, the epoch would be trained again."""
        if epoch.improved:
            self._save_best(trainer, progress, there)
        with (
            wrap_write_errors(self.workspace.metrics),
            self.workspace.metrics.open("a", encoding="utf-8") as metrics,
        ):
            for record in epoch.records:
                metrics.write(json.dumps({**record, "epochs": self._epochs, "run": _digest(run), **self._run}) + "\n")
        save_progress(self.path.with_name(LAST), run, trainer, progress)
        for record in epoch.records:
            self.watch.epoch({**record, "epochs": self._epochs})

    def _event_files(self, names: tuple[str, ...], after: int) -> AbstractContextManager[Callable[[Records], None]]:
        """Takes the records of each epoch to TensorBoard, or nowhere."""
        if not (self.order.tensorboard and self.ranks.first):
            return nullcontext(lambda records: None)
        return event_files(self.workspace.event_files / self.data.recipe.name / self.kind, names, after)

    def _save_best(self, trainer: Trainer, progress: Progress, there: Trained | None) -> None:
        """Write each instrument's best weights beside those of the instruments that were not part of this run."""
        names = trainer.instruments
        weights = Weights.from_tensors(names, self._specs, progress.best)
        said = {
            name: {"epochs": progress.epoch, "best_epoch": progress.best_epoch[i], "ended": progress.ended}
            for i, name in enumerate(names)
        }
        header: dict[str, dict[str, Any]] = {
            "made": {name: self._made(name) for name in names},
            "settings": dict.fromkeys(names, self._run),
            "progress": said,
            "scores": dict(zip(names, progress.scores, strict=True)),
        }
        others = tuple(name for name in self._chairs if name not in names and self._usable(name, there))
        if there and others:
            weights = weights.beside(there.weights.rows(others))
            for key, values in header.items():
                values.update({name: there.header[key][name] for name in others})
        facts = {"dataset": self.dataset, "learned_from": self._learned_from(weights.instruments), **header}
        save_trained(self.path, self.kind, self.data.recipe, self.data.band, weights, facts)
        self.workspace.record(ARTIFACTS[self.kind], {"recipe": self.data.recipe.name, "epochs": progress.epoch})

    def _learner(self, names: tuple[str, ...]) -> Trainer:
        recipe, settings = self.data.recipe, self.settings
        device = local_device(choose_device(settings.device)[0])
        pace, why = self._pace
        if self.kind == "vae":
            self.watch.notice(why)
            for name in self.data.silent_instruments(names):
                self.watch.notice(f"{name} never plays in the training songs: its VAE learns silence")
            return self.data.trainer(self.kind, names, None, pace, self._epochs, device, self.ranks)
        vae, status = self._vae, self.workspace.status(VAE)
        if status.state == "stale":
            raise ArtifactStale(f"The VAE is stale: {status.why}.", f"Run: {VAE.made_by}")
        if vae.recipe != recipe:
            raise ArtifactStale(f"The VAE is of another recipe than '{recipe.name}'.", f"Run: {VAE.made_by}")
        return self.data.trainer(self.kind, names, vae.weights, pace, self._epochs, device, self.ranks)

    def _start_from(self, init: str, trainer: Trainer) -> None:
        """Give an untrained learner the weights of a band that has been exported."""
        bundle = BUNDLED if init == "bundled" else Bundle(Path(init))
        path = bundle.parts[KINDS.index(self.kind)]
        trained = load_trained(path, self.kind, "vaemusic export DIR, in the workspace of a trained band")
        if trained.band != self.data.band or trained.weights.specs != self._specs:
            raise SettingInvalid(
                f"The {self.kind} in {path.parent} is of another recipe or band than the one to be trained.",
                f"It is of the recipe '{trained.recipe.name}' for the band {trained.band.name}: train that one, or "
                "leave --init out.",
            )
        require_networks(
            self.kind,
            trained.weights.instruments,
            trainer.instruments,
            "vaemusic train all, in that band's workspace",
        )
        copy_weights(trained.weights, trainer)
        self.watch.notice(f"{self.kind}: starts from {init}")

    def _wanted(self) -> tuple[str, ...]:
        asked = tuple(name for name in self._chairs if not self.order.instruments or name in self.order.instruments)
        if not asked and len(self.order.kinds) == 1:
            raise SettingInvalid(
                f"There is no {self.kind} network for {', '.join(self.order.instruments)}.",
                f"Those that have one: {', '.join(self._chairs)}.",
            )
        return asked

    @property
    def _chairs(self) -> tuple[str, ...]:
        """Who has a network of this kind: instruments, or several of them together."""
        return family_of(self.data.recipe).network_names(self.kind, self.data.band)

    @property
    def _specs(self) -> dict[str, ParameterSpec]:
        return family_of(self.data.recipe).parameter_specs(self.kind, self.data.recipe, self.data.band)

    @property
    def path(self) -> Path:
        return self.workspace.path(ARTIFACTS[self.kind])

    @property
    def _epochs(self) -> int:
        return self.settings.epochs or self._training.epochs

    @property
    def _training(self) -> VaeTraining | LatentTraining:
        return self.data.recipe.vae if self.kind == "vae" else self.data.recipe.latents

    @cached_property
    def _pace(self) -> tuple[TrainingSettings, str]:
        """How this run learns, and why in this precision."""
        return choose_training_settings(
            self.settings.batch_size or self._training.batch_size,
            self.order.learning_rate or self._training.learning_rate,
            self.settings.seed or 0,
            self.order.precision,
            local_device(choose_device(self.settings.device)[0]),
        )

    @cached_property
    def _run(self) -> dict[str, Any]:
        """What, beside data and recipe, decides which weights come out."""
        pace, _ = self._pace
        return {
            "batch_size": pace.batch_size,
            "learning_rate": pace.learning_rate,
            "seed": pace.seed,
            "precision": pace.precision_name,
            **({"init": self.order.init} if self.order.init else {}),
        }

    @cached_property
    def _vae(self) -> Trained:
        """The VAEs that latents come from."""
        trained = load_trained(self.workspace.require(VAE), "vae", VAE.made_by)
        needed = family_of(self.data.recipe).vae_names(self._wanted(), self.data.band)
        require_networks("vae", trained.weights.instruments, needed, VAE.made_by)
        return trained

    def _learned_from(self, names: tuple[str, ...]) -> dict[str, str]:
        if self.kind == "vae":
            return {}
        return {
            name: self._vae.fingerprints.get(name, "")
            for name in family_of(self.data.recipe).vae_names(names, self.data.band)
        }

    def _made(self, name: str) -> str:
        """A digest of what an instrument's network is made from; another one makes it stale."""
        recipe = self.data.recipe.to_json()
        return _digest([self.kind, name, recipe, self.dataset, self._learned_from((name,))])

    def _there(self) -> Trained | None:
        """The networks that lie in the workspace, if they can be read."""
        try:
            return load_trained(self.path, self.kind, ARTIFACTS[self.kind].made_by)
        except ArtifactMissing:
            return None
        except ArtifactDamaged as damage:
            self.watch.notice(f"{damage.message} It is trained anew.")
            return None

    def _usable(self, name: str, there: Trained | None) -> bool:
        return there is not None and there.header.get("made", {}).get(name) == self._made(name)

    def _fresh(self, name: str, there: Trained | None) -> bool:
        """Trained to its end from what is here now, with the settings that were asked for by name."""
        if there is None or not self._usable(name, there) or not there.header["progress"][name]["ended"]:
            return False
        if self.settings.epochs and there.header["progress"][name]["epochs"] < self.settings.epochs:
            return False
        asked = {
            "batch_size": self.settings.batch_size,
            "learning_rate": self.order.learning_rate,
            "seed": self.settings.seed,
            "precision": None if self.order.precision == "auto" else self.order.precision,
            "init": self.order.init,
        }
        learned = there.header["settings"][name]
        return all(value is None or learned.get(key) == value for key, value in asked.items())


def _digest(value: object) -> str:
    return blake2b(json.dumps(value, sort_keys=True).encode(), digest_size=8).hexdigest()
