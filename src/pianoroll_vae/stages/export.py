"""Exports a trained band to a folder: networks in half precision, and openings that new songs can start from.

Each opening is a phrase that the band generated several phrases after a held-out primer, so that no phrase of a
training song is exported.
"""

import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pianoroll_vae.bundled.bundle import Bundle
from pianoroll_vae.console import Watch
from pianoroll_vae.desk.ensembles import load_ensemble
from pianoroll_vae.models.ensemble import Ensemble
from pianoroll_vae.models.model import KINDS
from pianoroll_vae.models.openings import save_openings
from pianoroll_vae.models.training.checkpoint import load_trained, write_tensors
from pianoroll_vae.music.dataset import Dataset
from pianoroll_vae.music.primer import first_full_segment
from pianoroll_vae.music.song import Song
from pianoroll_vae.workspace import CONDITIONAL, DATASET, MELODY, VAE, Workspace

GENERATED_PHRASES = 12
"""Generated for each opening, which is one of the last."""


@dataclass(frozen=True)
class ExportReport:
    folder: Path
    size: int
    openings: int

    def as_dict(self) -> dict[str, Any]:
        return {"folder": str(self.folder), "size": self.size, "openings": self.openings}


def run(workspace: Workspace, folder: Path, openings: int, seed: int, watch: Watch) -> ExportReport:
    """Write the workspace's band into `folder`."""
    bundle = Bundle(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for artifact, kind, path in zip((VAE, MELODY, CONDITIONAL), KINDS, bundle.parts, strict=True):
        trained = load_trained(workspace.require(artifact), kind, artifact.made_by)
        header = {key: value for key, value in trained.header.items() if key not in ("format", "made", "settings")}
        write_tensors(path, header, {name: tensor.half() for name, tensor in trained.weights.tensors().items()})
    dataset = Dataset.open(workspace.require(DATASET))
    songs = _openings(load_ensemble(workspace), dataset, openings, seed, watch)
    save_openings(bundle.openings, songs)
    size = sum(path.stat().st_size for path in (*bundle.parts, bundle.openings))
    return ExportReport(folder, size, len(songs))


def _openings(ensemble: Ensemble, dataset: Dataset, count: int, seed: int, watch: Watch) -> list[Song]:
    """Phrases that the band generates; of these, those in which the most instruments play."""
    rng = random.Random(seed)
    held_out = [
        index
        for index, song in enumerate(dataset.songs)
        if song.split == "valid" and song.steps >= dataset.segment_steps and all(song.notes)
    ]
    chosen = rng.sample(held_out, min(count, len(held_out)))
    primers = [first_full_segment(dataset.song(index), dataset.segment_steps) for index in chosen]
    seeds = [rng.randrange(2**31) for _ in primers]
    songs: list[Song] = []
    with watch.task("Generating", len(primers) * GENERATED_PHRASES, "phrases") as task:
        for begin in range(0, len(primers), ensemble.songs_at_once):
            group = slice(begin, begin + ensemble.songs_at_once)
            written = ensemble.continue_(
                primers[group], GENERATED_PHRASES, 1.0, seeds=seeds[group], on_phrases=task.advance
            )
            for primer, notes in zip(primers[group], written, strict=True):
                steps = GENERATED_PHRASES * ensemble.phrase_steps
                late = Song(primer.band, notes, steps, ensemble.steps_per_beat).between(steps // 2, steps)
                opening = first_full_segment(late, ensemble.phrase_steps)
                tempo = ((0, primer.tempo[0][1]),)
                songs.append(Song(primer.band, opening.notes, opening.steps, opening.steps_per_beat, tempo))
    full = max(len(set(song.notes.instrument.tolist())) for song in songs)
    return [song for song in songs if len(set(song.notes.instrument.tolist())) == full]
