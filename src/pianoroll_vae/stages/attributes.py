"""Changes attributes of songs, such as density or genre, along directions in latent space learned from the dataset."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pianoroll_vae.bundled.bundle import BUNDLED
from pianoroll_vae.desk.direction_learning import learn_directions, segments_to_decode
from pianoroll_vae.desk.directions import Direction
from pianoroll_vae.desk.directions_file import read_directions, write_directions
from pianoroll_vae.desk.ensembles import load_ensemble, uses_bundled
from pianoroll_vae.desk.forecast import announce_long_work
from pianoroll_vae.desk.key_moves import what_moves
from pianoroll_vae.desk.labelled_segments import LabelledSegments, measure_segments
from pianoroll_vae.desk.midi_input import open_source
from pianoroll_vae.desk.music_options import Facts, MusicOptions
from pianoroll_vae.desk.outputs import WrittenSong, write
from pianoroll_vae.desk.writing_start import start_writing
from pianoroll_vae.errors import ArtifactStale, NothingFound, SettingInvalid, suggest
from pianoroll_vae.models.ensemble import Ensemble, Latents
from pianoroll_vae.music.arrangement import Arrangement
from pianoroll_vae.music.attributes import ATTRIBUTE_MEASURES, OF_PITCHES
from pianoroll_vae.music.meter import BarRange
from pianoroll_vae.music.source_midi import SourceMidi
from pianoroll_vae.paths import is_file
from pianoroll_vae.progress import Watch
from pianoroll_vae.workspace import ATTRIBUTES, DATASET, Workspace

if TYPE_CHECKING:
    from pianoroll_vae.music.dataset import Dataset

SONGS_LEARNED_FROM = 300
"""At most, and as many held-out ones to measure with; more songs hardly change a direction."""

SEGMENTS_PER_SONG = 12
MAX_CHANGE = 10.0
NO_EFFECT = "None that was learned has an effect: train the band for longer, or on more songs."
_CHANGE = re.compile(r"(?:(?P<instrument>[^.=]+)\.)?(?P<name>[^=]+)=(?P<amount>[^=]+)")


@dataclass(frozen=True)
class AttributeLine:
    """One direction; its figures are means over the instruments that it is effective for."""

    name: str
    kind: str
    moves: float | None
    others: float | None
    instruments: tuple[str, ...]


def run_learn(workspace: Workspace, watch: Watch) -> list[AttributeLine]:
    """Learn the directions, write them, and return the effect of each on held-out songs."""
    from pianoroll_vae.music.dataset import Dataset  # imports h5py, which applying a direction does not need

    made_from = workspace.source_fingerprints(ATTRIBUTES)
    dataset = Dataset.open(workspace.require(DATASET))
    ensemble = load_ensemble(workspace, watch)
    genres = tuple(sorted({genre for song in dataset.songs for genre in song.genres}))
    songs = [_songs_of(dataset, splits) for splits in (("train",), ("valid", "test"))]
    with watch.task("Encoding", sum(map(len, songs)), "songs") as task:
        train, held_out = (_encode_songs(ensemble, dataset, indices, genres, task.advance) for indices in songs)
    if train is None or held_out is None:
        raise NothingFound(
            "The dataset has too few songs to learn from and to measure with.",
            "Choose more songs: vaemusic filter, vaemusic preprocess.",
        )
    total = segments_to_decode(ensemble, train, held_out, len(genres))
    with watch.task("Learning directions", total, "segments") as task:
        directions = learn_directions(ensemble, train, held_out, genres, task.advance)
    write_directions(workspace.path(ATTRIBUTES), directions)
    workspace.record(ATTRIBUTES, made_from)
    return lines(ensemble, load_directions(workspace, ensemble))


def run_list(workspace: Workspace | None, watch: Watch) -> list[AttributeLine]:
    """The attributes and genres that can be changed."""
    ensemble = load_ensemble(workspace, watch)
    return [line for line in lines(ensemble, load_directions(workspace, ensemble)) if line.instruments]


def run_apply(
    workspace: Workspace | None,
    source: Path,
    changes: Sequence[str],
    bars: BarRange | None,
    options: MusicOptions,
    outputs: Sequence[Path],
    watch: Watch,
) -> list[WrittenSong]:
    """Write the song in the file `source` with changed attributes; changes: 'density=+1.5' or 'drums.density=-1'."""
    where, ensemble = start_writing(workspace, options, outputs, 1, watch)
    directions = load_directions(workspace, ensemble)
    source_midi = open_source(source, ensemble.band, options.salvage, watch)
    step = latent_step(ensemble, directions, changes)
    announce_long_work(watch, [source_midi.song])
    with watch.task("Applying attributes", None, "songs"):
        arrangement = apply(ensemble, source_midi, step, options, bars)
    arrangement, facts = options.apply(arrangement, source_midi.song, moves=what_moves(bars is None))
    facts = {**facts, **_means_before_and_after(ensemble, source_midi, arrangement, changes)}
    return [write(arrangement, where[0], None, str(source), facts)]


def apply(
    ensemble: Ensemble,
    source_midi: SourceMidi,
    step: Latents,
    options: MusicOptions | None = None,
    bars: BarRange | None = None,
) -> Arrangement:
    """The source MIDI with its latents moved by `step` (instruments, latent_size); unchanged notes are kept."""
    threshold = (options or MusicOptions()).threshold_for(ensemble)
    return ensemble.shift_latents(source_midi, step, threshold, bars)


def latent_step(ensemble: Ensemble, directions: Sequence[Direction], changes: Sequence[str]) -> Latents:
    """(instruments, latent_size): the sum of changes such as 'density=+1.5' and 'drums.density=-1'."""
    if not changes:
        raise SettingInvalid("No attribute is named.", "Name one: --attribute density=+1.5.")
    by_name = {direction.name: direction for direction in directions if direction.effective.any()}
    step = np.zeros_like(directions[0].vectors)
    for change in changes:
        instrument, name, amount = _parse(change)
        if name not in by_name:
            hint = suggest(name, by_name) if by_name else NO_EFFECT
            raise SettingInvalid(f"There is no attribute '{name}'.", hint)
        direction = by_name[name]
        instruments = direction.effective.copy()
        if instrument is not None:
            instruments &= np.arange(len(instruments)) == ensemble.band.index(instrument)
            if not instruments.any():
                effective = ", ".join(np.array(ensemble.band.names)[direction.effective].tolist())
                raise SettingInvalid(f"The attribute {name} does not move the {instrument}.", f"It moves: {effective}.")
        step += np.where(instruments[:, None], amount * direction.vectors, 0).astype(np.float32)
    return step


def lines(ensemble: Ensemble, directions: Sequence[Direction]) -> list[AttributeLine]:
    """A line for each attribute, then for each genre, the most effective first."""
    table = []
    for each in directions:
        instruments = np.flatnonzero(each.effective)
        names = tuple(ensemble.band.names[instrument] for instrument in instruments)
        moves = float(each.moves[instruments].mean()) if len(instruments) else None
        others = float(each.others[instruments].mean()) if len(instruments) else None
        table.append(AttributeLine(each.name, each.kind, moves, others, names))
    return sorted(table, key=lambda line: (line.kind == "genre", -(line.moves or 0)))


def load_directions(workspace: Workspace | None, ensemble: Ensemble) -> list[Direction]:
    """The workspace's learned directions, or those of the bundled band; an error where the dataset or the VAEs have
    changed since. Drums have none of those in `OF_PITCHES`."""
    path = BUNDLED.attributes
    if workspace is not None and (not uses_bundled(workspace) or is_file(workspace.path(ATTRIBUTES))):
        path = workspace.require(ATTRIBUTES)
        status = workspace.status(ATTRIBUTES)
        if status.state == "stale":
            raise ArtifactStale(f"The attributes are stale: {status.why}.", f"Run: {workspace.command(ATTRIBUTES)}")
    shape = (len(ensemble.band), ensemble.latent_size)
    directions = read_directions(path, shape, workspace.command(ATTRIBUTES) if workspace else ATTRIBUTES.made_by)
    return [
        replace(direction, moves=np.where(ensemble.band.drums, np.nan, direction.moves))
        if direction.name in OF_PITCHES
        else direction
        for direction in directions
    ]


def _songs_of(dataset: Dataset, splits: tuple[str, ...]) -> list[int]:
    """Songs with notes that are evenly spaced in the splits."""
    songs = [i for i, song in enumerate(dataset.songs) if song.split in splits and any(song.notes)]
    chosen = np.unique(np.linspace(0, len(songs) - 1, min(SONGS_LEARNED_FROM, len(songs))).astype(int))
    return [songs[i] for i in chosen]


def _encode_songs(
    ensemble: Ensemble, dataset: Dataset, songs: Sequence[int], genres: tuple[str, ...], on_song: Callable[[], None]
) -> LabelledSegments | None:
    """Segments evenly spaced in these songs; None where there are none."""
    parts = []
    for index in songs:
        of_song = np.array([genre in dataset.songs[index].genres for genre in genres], np.bool_)
        parts.append(LabelledSegments.encode(ensemble, dataset.song(index), of_song, SEGMENTS_PER_SONG))
        on_song()
    return LabelledSegments.concatenate(parts) if parts else None


def _parse(change: str) -> tuple[str | None, str, float]:
    found = _CHANGE.fullmatch(change)
    try:
        amount = float(found["amount"]) if found else float("nan")
    except ValueError:
        amount = float("nan")
    if found is None or not abs(amount) <= MAX_CHANGE:
        raise SettingInvalid(
            f"'{change}' is not an attribute and an amount.",
            f"Write density=+1.5 or drums.density=-1, with an amount of -{MAX_CHANGE:g} to {MAX_CHANGE:g}.",
        )
    return found["instrument"], found["name"].strip(), amount


def _means_before_and_after(
    ensemble: Ensemble, source_midi: SourceMidi, arrangement: Arrangement, changes: Sequence[str]
) -> Facts:
    """The mean of each attribute that is changed, over the instruments that have it and segments, before and after."""
    facts: Facts = {}
    for _, name, _ in map(_parse, changes):
        if name in ATTRIBUTE_MEASURES:
            place = list(ATTRIBUTE_MEASURES).index(name)
            have_it = ~ensemble.band.drums if name in OF_PITCHES else slice(None)
            songs = (ensemble.in_segments(song) for song in (source_midi.song, arrangement.song()) if len(song.notes))
            measured = (measure_segments(ensemble, song)[:, have_it, place] for song in songs)
            means = [np.nanmean(values) for values in measured if not np.isnan(values).all()]
            facts |= {name: " → ".join(f"{mean:.2f}" for mean in means)} if means else {}
    return facts
