"""What the band hears in a song: every phrase to its latents and back, with how much of it survives."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from pianoroll_vae.console import Watch
from pianoroll_vae.desk.ensembles import load_ensemble
from pianoroll_vae.desk.music_options import Wishes
from pianoroll_vae.desk.outputs import Written, places, write
from pianoroll_vae.models.ensemble import Ensemble
from pianoroll_vae.music.arrangement import Take
from pianoroll_vae.music.notes import Notes, Rolls
from pianoroll_vae.music.phrases import join
from pianoroll_vae.music.source_midi import Sketch
from pianoroll_vae.workspace import Workspace


@dataclass(frozen=True)
class Likeness:
    """How much of one instrument's cells come back."""

    instrument: str
    cells: int
    """Cells that sound in the song."""

    f1: float | None
    """Harmonic mean of the share of cells found and the share of found cells that are right; None in silence."""


@dataclass(frozen=True)
class ReconstructReport:
    written: Written
    likenesses: tuple[Likeness, ...]

    def as_dict(self) -> dict[str, Any]:
        f1 = {likeness.instrument: likeness.f1 for likeness in self.likenesses}
        return {**self.written.as_dict(), "cell_f1": f1}


def run(
    workspace: Workspace | None, source: Path, wishes: Wishes, outputs: Sequence[Path], watch: Watch
) -> ReconstructReport:
    """Write the song in the file `source` as the band hears it."""
    where = places(outputs, 1)
    ensemble = load_ensemble(workspace, watch)
    wishes.check(ensemble.band)
    sketch = Sketch.read(source, ensemble.band)
    with watch.task("Listening", None, "songs"):
        likenesses, take = reconstruct(ensemble, sketch, wishes)
    take, facts = wishes.finish(take, sketch.song)
    return ReconstructReport(write(take, where[0], None, str(source), facts), likenesses)


def reconstruct(ensemble: Ensemble, sketch: Sketch, wishes: Wishes | None = None) -> tuple[tuple[Likeness, ...], Take]:
    """How alike, and the sketch with every part as it is decoded."""
    wishes = wishes or Wishes()
    heard = ensemble.hear(sketch.song)
    notes = ensemble.perform(ensemble.encode(heard), wishes.thresholds(ensemble.band, ensemble.thresholds))
    return likenesses(ensemble, join(heard), notes), replaced(ensemble, sketch, notes)


def likenesses(ensemble: Ensemble, heard: Rolls, notes: Notes) -> tuple[Likeness, ...]:
    """Cell F1 of each instrument; heard: (instruments, steps, 128)."""
    found, true = notes.rolls(*heard.shape[:2]) > 0, heard > 0
    right = (found & true).sum((1, 2))
    both = found.sum((1, 2)) + true.sum((1, 2))
    cells = true.sum((1, 2))
    return tuple(
        Likeness(name, int(cells[i]), float(2 * right[i] / both[i]) if both[i] else None)
        for i, name in enumerate(ensemble.band.names)
    )


def replaced(ensemble: Ensemble, sketch: Sketch, notes: Notes) -> Take:
    """The sketch's tempo, meter and sounds with what the band plays instead of its notes."""
    song = sketch.song
    notes = notes.regrid(ensemble.steps_per_beat, song.steps_per_beat).between(0, song.steps)
    return Take(replace(song, notes=notes), sketch, np.zeros(len(sketch.score), np.bool_))
