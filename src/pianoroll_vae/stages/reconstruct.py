"""Encodes and decodes a song, and measures how many of its cells come back."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from pianoroll_vae.console import Watch
from pianoroll_vae.desk.ensembles import load_ensemble
from pianoroll_vae.desk.midi_input import open_source
from pianoroll_vae.desk.music_options import MusicOptions
from pianoroll_vae.desk.outputs import WrittenSong, output_paths, write
from pianoroll_vae.models.ensemble import Ensemble
from pianoroll_vae.music.arrangement import Arrangement
from pianoroll_vae.music.notes import Notes, Rolls
from pianoroll_vae.music.phrases import join
from pianoroll_vae.music.source_midi import SourceMidi
from pianoroll_vae.workspace import Workspace


@dataclass(frozen=True)
class ReconstructionScore:
    """How many of one instrument's cells come back."""

    instrument: str
    cells: int
    """How many cells sound in the song."""

    f1: float | None
    """Of sounding cells; None where neither the song nor its reconstruction sounds."""


@dataclass(frozen=True)
class ReconstructReport:
    written: WrittenSong
    scores: tuple[ReconstructionScore, ...]

    def as_dict(self) -> dict[str, Any]:
        f1 = {score.instrument: score.f1 for score in self.scores}
        return {**self.written.as_dict(), "cell_f1": f1}


def run(
    workspace: Workspace | None, source: Path, options: MusicOptions, outputs: Sequence[Path], watch: Watch
) -> ReconstructReport:
    """Write the song in the file `source` encoded and decoded."""
    where = output_paths(outputs, 1, options.force)
    ensemble = load_ensemble(workspace, watch)
    options.check(ensemble.band)
    source_midi = open_source(source, ensemble.band, options.salvage, watch)
    with watch.task("Encoding", None, "songs"):
        scores, arrangement = reconstruct(ensemble, source_midi, options)
    arrangement, facts = options.apply(arrangement, source_midi.song)
    return ReconstructReport(write(arrangement, where[0], None, str(source), facts), scores)


def reconstruct(
    ensemble: Ensemble, source_midi: SourceMidi, options: MusicOptions | None = None
) -> tuple[tuple[ReconstructionScore, ...], Arrangement]:
    """The scores of all instruments, and the source MIDI with its notes replaced by the decoded ones."""
    options = options or MusicOptions()
    phrases = ensemble.to_phrases(source_midi.song)
    notes = ensemble.decode_notes(ensemble.encode(phrases), options.threshold_for(ensemble.band, ensemble.thresholds))
    return score_cells(ensemble, join(phrases), notes), replace_notes(ensemble, source_midi, notes)


def score_cells(ensemble: Ensemble, rolls: Rolls, notes: Notes) -> tuple[ReconstructionScore, ...]:
    """Cell F1 of each instrument; rolls: (instruments, steps, 128), the input."""
    found, true = notes.rolls(*rolls.shape[:2]) > 0, rolls > 0
    right = (found & true).sum((1, 2))
    both = found.sum((1, 2)) + true.sum((1, 2))
    cells = true.sum((1, 2))
    return tuple(
        ReconstructionScore(name, int(cells[i]), float(2 * right[i] / both[i]) if both[i] else None)
        for i, name in enumerate(ensemble.band.names)
    )


def replace_notes(ensemble: Ensemble, source_midi: SourceMidi, notes: Notes) -> Arrangement:
    """The source MIDI's tempo, meter and programs with other notes."""
    song = source_midi.song
    notes = notes.regrid(ensemble.steps_per_beat, song.steps_per_beat).between(0, song.steps)
    return Arrangement(replace(song, notes=notes), source_midi, np.zeros(len(source_midi.score), np.bool_))
