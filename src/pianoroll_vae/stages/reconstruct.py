"""What the band hears in a song: every phrase to its latents and back, with how much of it survives."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from pianoroll_vae.console import Watch
from pianoroll_vae.desk.ensembles import load_ensemble
from pianoroll_vae.desk.music_options import MusicOptions
from pianoroll_vae.desk.outputs import WrittenSong, output_paths, write
from pianoroll_vae.models.ensemble import Ensemble
from pianoroll_vae.music.arrangement import Arrangement
from pianoroll_vae.music.notes import Notes, Rolls
from pianoroll_vae.music.phrases import join
from pianoroll_vae.music.source_midi import SourceMidi
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
    written: WrittenSong
    likenesses: tuple[Likeness, ...]

    def as_dict(self) -> dict[str, Any]:
        f1 = {likeness.instrument: likeness.f1 for likeness in self.likenesses}
        return {**self.written.as_dict(), "cell_f1": f1}


def run(
    workspace: Workspace | None, source: Path, options: MusicOptions, outputs: Sequence[Path], watch: Watch
) -> ReconstructReport:
    """Write the song in the file `source` as the band hears it."""
    where = output_paths(outputs, 1)
    ensemble = load_ensemble(workspace, watch)
    options.check(ensemble.band)
    source_midi = SourceMidi.read(source, ensemble.band)
    with watch.task("Listening", None, "songs"):
        likenesses, arrangement = reconstruct(ensemble, source_midi, options)
    arrangement, facts = options.apply(arrangement, source_midi.song)
    return ReconstructReport(write(arrangement, where[0], None, str(source), facts), likenesses)


def reconstruct(
    ensemble: Ensemble, source_midi: SourceMidi, options: MusicOptions | None = None
) -> tuple[tuple[Likeness, ...], Arrangement]:
    """How alike, and the sketch with every part as it is decoded."""
    options = options or MusicOptions()
    heard = ensemble.to_phrases(source_midi.song)
    notes = ensemble.decode_notes(ensemble.encode(heard), options.threshold_for(ensemble.band, ensemble.thresholds))
    return likenesses(ensemble, join(heard), notes), replaced(ensemble, source_midi, notes)


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


def replaced(ensemble: Ensemble, source_midi: SourceMidi, notes: Notes) -> Arrangement:
    """The sketch's tempo, meter and sounds with what the band plays instead of its notes."""
    song = source_midi.song
    notes = notes.regrid(ensemble.steps_per_beat, song.steps_per_beat).between(0, song.steps)
    return Arrangement(replace(song, notes=notes), source_midi, np.zeros(len(source_midi.score), np.bool_))
