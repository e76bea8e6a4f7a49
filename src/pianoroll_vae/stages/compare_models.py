"""Compares trained models: what their training recorded, how near their songs are to real ones, speed and size."""

import random
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pianoroll_vae.atomic_files import write_bytes
from pianoroll_vae.desk.compared_models import ComparedModel, find_model
from pianoroll_vae.desk.evaluation_songs import (
    EvaluateOptions,
    dataset_or_refuse,
    generate_evaluated,
    real_songs,
)
from pianoroll_vae.errors import ArtifactMissing, NothingFound, SettingInvalid
from pianoroll_vae.listen.evaluation import evaluate
from pianoroll_vae.listen.evaluation_result import Evaluation
from pianoroll_vae.models.ensemble import Ensemble
from pianoroll_vae.models.families import family_of, parameters_of
from pianoroll_vae.music.measures.agreement import onset_f1
from pianoroll_vae.music.resolution import BEATS_PER_BAR
from pianoroll_vae.music.song import Song
from pianoroll_vae.paths import is_file, size_of
from pianoroll_vae.progress import Watch
from pianoroll_vae.workspace import Workspace

REAL_SONGS = 120
"""In each of the two sets of real songs: fewer than `evaluate` has, so that several models take minutes."""

F1_SONGS = 24
"""Held-out songs that each model reconstructs."""


@dataclass(frozen=True)
class ModelFigures:
    """The figures of one model; None where one does not apply to its recipe, and `notes` has why."""

    name: str
    recipe: str
    family: str
    parameters: int
    size: int
    """Bytes of its files."""

    bound: float | None
    """Minus the evidence lower bound of the model's own held-out songs, as its training recorded it."""

    bound_unit: str
    f1: float | None
    """Of onsets of reconstructed songs, mean over songs, each on the recipe's own grid."""

    overlap: float
    auc: float
    drop_out: float | None
    """Of the instrument that drops out most often."""

    drop_out_instrument: str
    bars_per_second: float
    dataset: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class ModelComparison:
    models: tuple[ModelFigures, ...]
    songs: int
    picture: Path | None
    warning: str = ""
    """Why AUCs cannot be compared here; empty where they can."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What restricts the comparison, in sentences."""
        own = [f"{model.name}: {note}." for model in self.models for note in model.notes]
        if len({(model.bound_unit, model.dataset) for model in self.models if model.bound is not None}) > 1:
            own.append("Bounds compare models of one family that learned from the same dataset; these are of several.")
        return tuple(own + [self.warning] * bool(self.warning))

    def as_dict(self) -> dict[str, Any]:
        return {"songs": self.songs, "models": [asdict(model) for model in self.models], "notes": list(self.notes)}


def run(
    workspace: Workspace | None, names: Sequence[str], options: EvaluateOptions, plot: Path | None, watch: Watch
) -> ModelComparison:
    """Compare the models `names`; plot: where to write a picture of the figures."""
    if len(set(names)) < len(names):
        raise SettingInvalid("A model is named twice.", "Name each model once.")
    found = [find_model(name, workspace) for name in names]
    hint = "Name a dataset: --against workspace/dataset.h5"
    dataset = options.against or dataset_or_refuse(workspace, hint)
    if not is_file(dataset):
        raise NothingFound(f"There is no dataset {dataset}.", hint)
    seed, real = options.seeds[0], real_songs(dataset, options, watch, REAL_SONGS, all_training=False)
    originals = random.Random(seed).sample(list(real.held_out), min(F1_SONGS, len(real.held_out)))
    songs: dict[str, list[Song]] = {}
    played: dict[str, tuple[float | None, float]] = {}
    for model in found:
        ensemble = model.load()
        ensemble.prepare(lambda: None)
        if ensemble.band != real.band:
            raise SettingInvalid(
                f"{model.name} has other instruments than the dataset {dataset}.",
                "Compare models of one band, with a dataset of that band: --against DATASET.",
            )
        f1 = _reconstruction_f1(ensemble, originals)
        begin = time.perf_counter()
        primers = None if ensemble.plays_charts else dataset
        songs[model.name] = generate_evaluated(ensemble, primers, options, seed, watch)
        bars = options.count * options.steps * ensemble.phrase_steps / (BEATS_PER_BAR * ensemble.steps_per_beat)
        played[model.name] = f1, bars / (time.perf_counter() - begin)
    evaluation = evaluate(songs, real.held_out, real.second, (), (), options.primer_bars, seed, watch)
    figures = tuple(_figures(model, evaluation, *played[model.name]) for model in found)
    if plot:
        from pianoroll_vae.listen.model_picture import models_png

        write_bytes(plot, models_png([asdict(model) for model in figures]))
    return ModelComparison(figures, options.count, plot, evaluation.warning)


def _reconstruction_f1(ensemble: Ensemble, songs: Sequence[Song]) -> float | None:
    """None from a band that cannot encode songs."""
    try:
        pairs = [(ensemble.on_grid(song).notes, ensemble.reconstruct(song)) for song in songs]
    except ArtifactMissing:
        return None
    scores = [score for one, other in pairs if (score := onset_f1(one, other)) is not None]
    return float(np.mean(scores)) if scores else None


def _figures(model: ComparedModel, evaluation: Evaluation, f1: float | None, speed: float) -> ModelFigures:
    headers, scores = model.headers(), evaluation.scores_of(model.name)
    assert scores is not None  # each model has a set of songs
    recipe = headers[0].recipe
    bound, unit = family_of(recipe).held_out_bound(headers[0])
    notes = [f"no held-out bound: {unit}"] if bound is None else []
    notes += ["no F1: it has no bar VAE, and cannot encode songs"] if f1 is None else []
    shares = [(share, name) for name, share in scores.drop_out.items() if share is not None]
    worst, instrument = max(shares) if shares else (None, "")
    return ModelFigures(
        name=model.name,
        recipe=recipe.name,
        family=recipe.family,
        parameters=sum(map(parameters_of, headers)),
        size=sum(map(size_of, model.files)),
        bound=bound,
        bound_unit=unit if bound is not None else "",
        f1=f1,
        overlap=scores.overlap,
        auc=scores.auc,
        drop_out=worst,
        drop_out_instrument=instrument,
        bars_per_second=speed,
        dataset=headers[0].dataset,
        notes=tuple(notes),
    )
