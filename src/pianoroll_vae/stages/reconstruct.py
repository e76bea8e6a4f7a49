"""Encodes and decodes a song, and measures how many of its onsets and cells come back."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from pianoroll_vae.desk.forecast import announce_long_work
from pianoroll_vae.desk.midi_input import open_source
from pianoroll_vae.desk.music_options import MusicOptions
from pianoroll_vae.desk.outputs import WrittenSong, write
from pianoroll_vae.desk.writing_start import start_writing
from pianoroll_vae.models.ensemble import Ensemble
from pianoroll_vae.music.arrangement import Arrangement
from pianoroll_vae.music.measures.agreement import count_agreement
from pianoroll_vae.music.notes import Notes
from pianoroll_vae.music.song import Song
from pianoroll_vae.music.source_midi import SourceMidi
from pianoroll_vae.progress import Watch
from pianoroll_vae.workspace import Workspace


@dataclass(frozen=True)
class ReconstructionScore:
    """How much of one instrument comes back."""

    instrument: str
    cells: int
    """How many cells sound in the song."""

    onset_f1: float | None
    """Of onsets, by step and pitch; None where neither the song nor its reconstruction has one."""

    cell_f1: float | None
    """Of sounding cells."""


@dataclass(frozen=True)
class ReconstructReport:
    written: WrittenSong
    scores: tuple[ReconstructionScore, ...]

    def as_dict(self) -> dict[str, Any]:
        onset_f1 = {score.instrument: score.onset_f1 for score in self.scores}
        cell_f1 = {score.instrument: score.cell_f1 for score in self.scores}
        return {**self.written.as_dict(), "onset_f1": onset_f1, "cell_f1": cell_f1}


def run(
    workspace: Workspace | None, source: Path, options: MusicOptions, outputs: Sequence[Path], watch: Watch
) -> ReconstructReport:
    """Write the song in the file `source` encoded and decoded."""
    where, ensemble = start_writing(workspace, options, outputs, 1, watch)
    source_midi = open_source(source, ensemble.band, options.salvage, watch)
    announce_long_work(watch, [source_midi.song])
    with watch.task("Encoding", None, "songs"):
        scores, arrangement = reconstruct(ensemble, source_midi, options)
    arrangement, facts = options.apply(arrangement, source_midi.song, moves="all")
    return ReconstructReport(write(arrangement, where[0], None, str(source), facts), scores)


def reconstruct(
    ensemble: Ensemble, source_midi: SourceMidi, options: MusicOptions | None = None
) -> tuple[tuple[ReconstructionScore, ...], Arrangement]:
    """The scores of all instruments, and the source MIDI with its notes replaced by the decoded ones."""
    options = options or MusicOptions()
    threshold = options.threshold_for(ensemble)
    notes = ensemble.reconstruct(source_midi.song, threshold)
    return score(ensemble.on_grid(source_midi.song), notes), replace_notes(ensemble, source_midi, notes)


def score(song: Song, notes: Notes) -> tuple[ReconstructionScore, ...]:
    """F1 of each instrument's onsets and cells; notes: the reconstruction, on the song's grid."""
    onsets, cells = count_agreement(song.notes, notes, len(song.band))
    columns = song.band.names, cells.in_one.tolist(), onsets.f1_scores, cells.f1_scores
    return tuple(ReconstructionScore(*row) for row in zip(*columns, strict=True))


def replace_notes(ensemble: Ensemble, source_midi: SourceMidi, notes: Notes) -> Arrangement:
    """The source MIDI's tempo, meter and programs with other notes."""
    song = source_midi.song
    notes = notes.regrid(ensemble.steps_per_beat, song.steps_per_beat).between(0, song.steps)
    return Arrangement(replace(song, notes=notes), source_midi, np.zeros(len(source_midi.score), np.bool_))
