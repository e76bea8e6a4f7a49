"""Finds primers, the segments that songs start from: in held-out songs of the dataset, by name, or in a MIDI file."""

import math
import random
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from pianoroll_vae.desk.midi_input import open_source
from pianoroll_vae.errors import FileUnreadable, NothingFound, SettingInvalid
from pianoroll_vae.models.ensemble import NO_REQUEST, Ensemble, SongRequest
from pianoroll_vae.music.band import Band
from pianoroll_vae.music.grid import Grid
from pianoroll_vae.music.meter import FOUR_FOUR
from pianoroll_vae.music.midi import assign_to_band
from pianoroll_vae.music.midi_score import MIDI_SUFFIXES
from pianoroll_vae.music.notes import Notes
from pianoroll_vae.music.primer import first_full_segment
from pianoroll_vae.music.song import Song
from pianoroll_vae.paths import exists, is_file
from pianoroll_vae.progress import Watch
from pianoroll_vae.workspace import DATASET, Workspace

if TYPE_CHECKING:
    from pianoroll_vae.music.dataset import Dataset

AUTO, NONE, RANDOM = "auto", "none", "random"

USUAL_TEMPO, TEMPO_SPREAD = 112.0, 0.22
"""Of songs without a primer: the median, and the standard deviation of its logarithm, as in LPD-5."""


def find_primers(
    workspace: Workspace | None,
    primer: str,
    seeds: list[int],
    ensemble: Ensemble,
    tempo: float | None = None,
    request: SongRequest = NO_REQUEST,
    salvage: bool = False,
    watch: Watch | None = None,
) -> list[Song]:
    """A primer for each seed, on the band's grid.

    primer: a MIDI file, a track id or md5 of the dataset, "random": a different held-out song for each seed, "none": a
    song without notes in the meter of the chart of `request` and in `tempo`, or "auto": none where the band needs none,
    else random. Without a tempo, it is that of the chart, or one is drawn for each seed.
    """
    band, grid = ensemble.band, ensemble.recipe.grid
    if primer == AUTO:
        primer = NONE if ensemble.plays_charts else RANDOM
    if primer == NONE:
        if not ensemble.plays_charts:
            raise SettingInvalid(f"The recipe '{ensemble.recipe.name}' needs a primer.", "Leave --primer out.")
        return [_silence(band, grid, tempo, request, seed) for seed in seeds]
    if Path(primer).suffix.lower() in MIDI_SUFFIXES:
        song = assign_to_band(open_source(Path(primer), band, salvage, watch).score, band, grid.steps_per_beat)
        return [first_full_segment(song, grid.segment_steps, ensemble.reads_meters)] * len(seeds)
    if workspace is None or (primer == RANDOM and not is_file(workspace.path(DATASET))):
        raise NothingFound(
            f"There is no dataset to find the primer '{primer}' in.",
            "Name a MIDI file: --primer FILE.mid, or make a workspace with a dataset: vaemusic init.",
        )
    return _of_dataset(workspace, primer, seeds, ensemble)


def _silence(band: Band, grid: Grid, tempo: float | None, request: SongRequest, seed: int) -> Song:
    """A song without notes in the meter and tempo of the chart, if there is one; chords by name have no tempo."""
    chart = request.chart
    if chart is not None and not request.strict_chords:
        tempo = tempo or chart.tempo
    tempo = tempo or float(round(USUAL_TEMPO * math.exp(random.Random(seed).gauss(0, TEMPO_SPREAD))))
    meter = chart.meter if chart else FOUR_FOUR
    return Song(band, Notes.empty(), 0, grid.steps_per_beat, ((0, tempo),), ((0, *meter),))


def _of_dataset(workspace: Workspace, primer: str, seeds: list[int], ensemble: Ensemble) -> list[Song]:
    """The first full segment of a song of the workspace's dataset for each seed; a song without a title has the name by
    which --primer finds it."""
    from pianoroll_vae.music.dataset import Dataset  # imports h5py

    band, grid = ensemble.band, ensemble.recipe.grid
    dataset = Dataset.open(workspace.require(DATASET))
    if dataset.band != band:
        raise NothingFound(
            f"The dataset is of the band {dataset.band.name}, the model of the band {band.name}.",
            "Train a model on the dataset (vaemusic train all), or name a primer: --primer FILE.mid.",
        )
    chosen = _draw_held_out(dataset, seeds) if primer == RANDOM else [_find_song(dataset, primer)] * len(seeds)
    # A dataset made for another recipe may have another grid than the band.
    songs = {index: _named_song(dataset, index).regrid(grid.steps_per_beat, grid.rounding) for index in set(chosen)}
    whole = ensemble.reads_meters
    primers = {index: first_full_segment(song, grid.segment_steps, whole) for index, song in songs.items()}
    return [primers[index] for index in chosen]


def _named_song(dataset: "Dataset", index: int) -> Song:
    song, entry = dataset.song(index), dataset.songs[index]
    return replace(song, name=song.name or entry.track_id or entry.md5)


def _draw_held_out(dataset: "Dataset", seeds: list[int]) -> list[int]:
    """Indices of held-out songs, one for each seed: test songs in which all instruments play, where there are any."""
    playable = [i for i, song in enumerate(dataset.songs) if song.steps >= dataset.segment_steps and any(song.notes)]
    held_out = [i for i in playable if dataset.songs[i].split != "train"]
    complete = [i for i in held_out if all(dataset.songs[i].notes)]
    final = [i for i in complete if dataset.songs[i].split == "test"]
    pool = final or complete or held_out
    if not pool:
        raise NothingFound(
            "The dataset has no held-out song that is long enough for a primer.",
            "Choose more songs (vaemusic filter, vaemusic preprocess), or name a primer: --primer FILE.mid.",
        )
    return _draw(pool, seeds)


def _draw(pool: list[int], seeds: list[int]) -> list[int]:
    """An entry of `pool` for each seed, without replacement until all have been drawn, then from all of them again."""
    drawn: list[int] = []
    left = pool
    for seed in seeds:
        drawn.append(random.Random(seed).choice(left))
        left = [index for index in left if index != drawn[-1]] or pool
    return drawn


def _find_song(dataset: "Dataset", name: str) -> int:
    """The index of the song with this track id or md5."""
    for index, song in enumerate(dataset.songs):
        if name in (song.track_id, song.md5, *song.other_ids):
            return index
    if exists(Path(name)):
        raise FileUnreadable(
            f"The primer {name} is not a MIDI file.", f"Name a file ending in {', '.join(MIDI_SUFFIXES)}."
        )
    raise NothingFound(
        f"The dataset has no song '{name}', and there is no such file.",
        "Name a track id or md5 of the dataset, a MIDI file, or leave --primer out.",
    )
