"""Trains the groove networks on the drums of the selection's songs, and measures them on held-out songs."""

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from pianoroll_vae.desk.training_run import TrainingRun
from pianoroll_vae.errors import NothingFound, VaemusicError
from pianoroll_vae.models.groove.figures import GrooveFigures
from pianoroll_vae.models.groove.groove import Groove, save_groove
from pianoroll_vae.models.groove.metrics import (
    best_repeated_bar,
    completion_f1,
    fit_thresholds,
    offset_errors,
    velocity_errors,
)
from pianoroll_vae.models.groove.trainer import BATCH_SIZE, EPOCHS, LEARNING_RATE, GrooveTrainer
from pianoroll_vae.models.groove.training_data import MIN_HITS, GrooveTrainingData, gather
from pianoroll_vae.models.training.checkpoint import LAST
from pianoroll_vae.models.training.loop import Progress
from pianoroll_vae.music.band import LPD5
from pianoroll_vae.music.drum_rhythm import Rhythm, played_rhythm
from pianoroll_vae.music.resolution import FINE_STEPS_PER_BEAT
from pianoroll_vae.music.selection import SelectedSong, read_selection
from pianoroll_vae.music.song import Song
from pianoroll_vae.music.splits import Split, split_songs
from pianoroll_vae.progress import Task, Watch
from pianoroll_vae.sources.song_files import read_song
from pianoroll_vae.stages.groove import DRUMS_INDEX
from pianoroll_vae.workspace import GROOVE, SELECTION, Workspace

MAX_SONGS = 6000
"""Of a larger selection this many are sampled: more songs improve the networks little."""

MAX_COMPLETED_SONGS = 150
"""Songs on which completion is measured."""


def run(
    workspace: Workspace, seed: int, watch: Watch, epochs: int | None = None, restart: bool = False
) -> GrooveFigures:
    """Train, and write the networks with their figures into the workspace; an interrupted run is resumed.

    epochs: None takes `EPOCHS`; another number is another schedule of learning rates, so training starts anew.
    """
    made_from = workspace.source_fingerprints(GROOVE)
    parts = songs_by_split(workspace.require(SELECTION))
    with workspace.lock():
        with watch.task("Reading drums", sum(map(len, parts.values())), "songs") as task:
            data = gather(read_songs(parts["train"], task), DRUMS_INDEX)
            valid = gather(read_songs(parts["valid"], task), DRUMS_INDEX, triplets=(False,))
            test = gather(read_songs(parts["test"], task), DRUMS_INDEX, triplets=(False,))
        _check(data, valid, test)
        groove = _train(workspace, data, valid, seed, watch, epochs or EPOCHS, restart)
        groove = replace(groove, thresholds=fit_thresholds(groove, valid))
        completed = min(len(parts["test"]), MAX_COMPLETED_SONGS)
        with watch.task("Completing drums of held-out songs", completed, "songs") as task:
            f1, repeated_bar_f1 = completion_f1(groove, best_repeated_bar(data), read_rhythms(parts["test"], task))
        figures = GrooveFigures(
            songs=len(set(data.names)),
            with_dynamics=round(float(data.has_dynamics.mean()), 4),
            with_timing=round(float(data.has_timing.mean()), 4),
            velocity=velocity_errors(groove, data, test),
            offset=offset_errors(groove, data, test),
            offset_all_songs=offset_errors(groove, data, test, all_songs=True),
            completion_f1=f1,
            repeated_bar_f1=repeated_bar_f1,
        )
        save_groove(workspace.path(GROOVE), replace(groove, figures=figures))
        workspace.record(GROOVE, made_from, {"seed": seed})
    return figures


def _train(
    workspace: Workspace,
    data: GrooveTrainingData,
    valid: GrooveTrainingData,
    seed: int,
    watch: Watch,
    epochs: int,
    restart: bool,
) -> Groove:
    trainer = GrooveTrainer(data, valid, seed, epochs)
    training_run = TrainingRun(
        workspace=workspace,
        kind=trainer.stage,
        checkpoint=workspace.path(GROOVE).with_name(LAST),
        made_from={"data": [data.fingerprint(), valid.fingerprint()]},
        settings={"seed": seed, "batch_size": BATCH_SIZE, "learning_rate": LEARNING_RATE, "epochs": epochs},
        epochs=epochs,
        watch=watch,
    )
    progress = (None if restart else training_run.resume(trainer)) or Progress.fresh(trainer)
    training_run.train(trainer, progress)
    return trainer.groove()


def songs_by_split(selection: Path) -> dict[Split, list[SelectedSong]]:
    """The songs of each split; of a larger selection `MAX_SONGS` are sampled by a hash of their music."""
    songs = sorted(read_selection(selection), key=lambda song: hashlib.sha256(song.md5.encode()).digest())[:MAX_SONGS]
    splits: dict[Split, list[SelectedSong]] = {"train": [], "valid": [], "test": []}
    for song, split in zip(songs, split_songs([song.md5 for song in songs], 0), strict=True):
        splits[split].append(song)
    return splits


def read_songs(selected: list[SelectedSong], task: Task) -> Iterator[tuple[str, Song]]:
    """The md5 and notes of each song; unreadable files are skipped, as `vaemusic preprocess` has reported them."""
    for song in selected:
        task.advance(1)
        try:
            yield song.md5, read_song(Path(song.path), LPD5, FINE_STEPS_PER_BEAT, "nearest")
        except VaemusicError:
            continue


def read_rhythms(selected: list[SelectedSong], task: Task) -> list[Rhythm]:
    """The drum rhythms of the first `MAX_COMPLETED_SONGS` songs, all places on sixteenths."""
    rhythms = []
    for _, song in read_songs(selected[:MAX_COMPLETED_SONGS], task):
        if int((song.notes.instrument == DRUMS_INDEX).sum()) >= MIN_HITS:
            rhythms.append(played_rhythm(song, DRUMS_INDEX, with_triplets=False))
    return rhythms


def _check(data: GrooveTrainingData, valid: GrooveTrainingData, test: GrooveTrainingData) -> None:
    if not (data.has_dynamics.any() and data.has_timing.any()):
        raise NothingFound(
            "No song of the selection has performed drums, with varying velocities and hits off the grid.",
            "Choose more songs (vaemusic filter), or use the groove model that is part of vaemusic.",
        )
    if not (len(valid) and test.has_dynamics.any() and test.has_timing.any()):
        raise NothingFound(
            "Too few songs of the valid and test splits have performed drums: the groove model cannot be measured.",
            "Choose more songs: vaemusic filter.",
        )
