"""Reads a song of the Lakh Pianoroll Dataset, or any other file in pypianoroll's npz format.

For each track the file has a sparse matrix, rows being time and columns the 128 pitches. A note is a run of cells of
one velocity on one pitch: the dataset distinguishes repeated notes from held ones that way, so onsets are kept. Notes
are found in the sorted cells without building a dense roll. The file is untrusted.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.music.band import LPD5, Band
from pianoroll_vae.music.meter import FOUR_FOUR, bar_starts, meters_of_downbeats
from pianoroll_vae.music.notes import MAX_VELOCITY, PITCHES, Notes, Rounding, round_steps
from pianoroll_vae.music.song import DEFAULT_TEMPO, MAX_TEMPO, MIN_TEMPO, Song
from pianoroll_vae.schema import SchemaError, build
from pianoroll_vae.sources.npz import Npz

MAX_STEPS = 4_000_000
"""Steps of the file's own grid: four times the longest song of the dataset, which lasts 5 hours."""
MAX_CELLS = 4_000_000
"""Sounding cells per song: 13 times the largest number in the dataset."""
MAX_TRACKS = 512
METERS = "meters"
"""Of info.json: [[step, numerator, denominator], …], which pypianoroll neither writes nor reads."""
MAX_NUMERATOR, DENOMINATORS = 255, (1, 2, 4, 8, 16, 32, 64)
DEFAULT_VELOCITY = 64
"""The velocity of tracks with binary cells; pypianoroll writes MIDI with the same."""


@dataclass(frozen=True)
class _Track:
    """The notes of one track, sorted by (pitch, start), on the file's own grid."""

    pitch: NDArray[np.uint8]
    start: NDArray[np.int32]
    length: NDArray[np.int32]
    velocity: NDArray[np.uint8]


@dataclass(frozen=True)
class _StatedMeters:
    """What `vaemusic` adds to the file, as downbeats do not tell 6/8 from 3/4."""

    meters: tuple[tuple[int, int, int], ...]
    resolution: int

    def __post_init__(self) -> None:
        steps = [step for step, _, _ in self.meters]
        if steps[:1] != [0] or steps != sorted(set(steps)):
            raise ValueError("the meters are not in order")
        for _, over, under in self.meters:
            if under not in DENOMINATORS or not under / (4 * self.resolution) <= over <= MAX_NUMERATOR:
                raise ValueError(f"{over}/{under} is no meter whose bars have a step or more")


def read_lakh(path: Path, band: Band, steps_per_beat: int, rounding: Rounding = "touched") -> Song:
    """The song of a file, merged into `band`, on the grid `steps_per_beat`, rounded as in `Notes.regrid`."""
    npz = Npz(path)
    info = npz.document("info.json")
    resolution = info.get("resolution", info.get("beat_resolution"))
    if not isinstance(resolution, int) or not 1 <= resolution <= 960:
        raise npz.error("does not have a resolution from 1 to 960 steps per beat")
    instruments = _instruments(npz, info, band)
    tracks: list[tuple[int, _Track]] = []
    steps = cells = 0
    for number, instrument in enumerate(instruments):
        track_steps, track_cells, track = _track(npz, f"pianoroll_{number}_csc")
        steps, cells = max(steps, track_steps), cells + track_cells
        if cells > MAX_CELLS:
            raise npz.error(f"has more than {MAX_CELLS:,} sounding cells")
        if instrument is not None and len(track.start):
            tracks.append((instrument, track))
    notes = _merge_by_instrument(tracks).regrid(resolution, steps_per_beat, rounding)
    return Song(
        band,
        notes,
        max(int(round_steps(steps * steps_per_beat / resolution)), int(notes.end.max(initial=0))),
        steps_per_beat,
        tempo=_tempo(npz, resolution, steps_per_beat),
        meters=_meters(npz, info.get(METERS), resolution, steps, steps_per_beat),
        name=str(info.get("name") or path.stem),
    )


def _instruments(npz: Npz, info: dict[str, Any], band: Band) -> list[int | None]:
    """The instrument of each track: by name if all tracks have different names of the band's instruments (an absent
    instrument may have lost its program), otherwise by General MIDI program."""
    tracks: list[dict[str, Any]] = []
    while isinstance(track := info.get(str(len(tracks))), dict):
        tracks.append(track)
    if not tracks or len(tracks) > MAX_TRACKS:
        raise npz.error("lists no tracks" if not tracks else f"lists more than {MAX_TRACKS} tracks")
    names = [str(track.get("name")).lower() for track in tracks]
    if len(set(names)) == len(names) and set(names) <= set(band.names):
        return [band.index(name) for name in names]
    programs = [track.get("program") for track in tracks]
    return [
        band.instrument_for(program if isinstance(program, int) else 0, track.get("is_drum") is True)
        for track, program in zip(tracks, programs, strict=True)
    ]


def _track(npz: Npz, name: str) -> tuple[int, int, _Track]:
    """Steps, cells and notes of the sparse matrix (steps, 128) stored under `name`."""
    shape = npz.array(f"{name}_shape", 2, "iu")
    if len(shape) != 2 or shape[1] != PITCHES or not 0 <= shape[0] <= MAX_STEPS:
        raise npz.error(f"has a roll of invalid shape {tuple(shape.tolist())}")
    columns = npz.array(f"{name}_indptr", PITCHES + 1, "iu").astype(np.int64)
    cells = npz.array(f"{name}_indices", MAX_CELLS, "iu")
    velocities = npz.array(f"{name}_data", MAX_CELLS, "biu")
    count = len(cells)
    if len(columns) != PITCHES + 1 or columns[0] != 0 or columns[-1] != count or len(velocities) != count:
        raise npz.error("has a roll whose column pointers do not match its cells")
    if (columns[1:] < columns[:-1]).any():
        raise npz.error("has a roll whose column pointers decrease")
    if count == 0:
        no_bytes, no_steps = np.zeros(0, np.uint8), np.zeros(0, np.int32)
        return int(shape[0]), 0, _Track(no_bytes, no_steps, no_steps, no_bytes)
    if cells.min() < 0 or cells.max() >= shape[0]:
        raise npz.error("has cells outside its roll")
    return int(shape[0]), count, _notes(npz, columns, cells.astype(np.int32, copy=False), velocities)


def _notes(npz: Npz, columns: NDArray[np.int64], cells: NDArray[np.int32], velocities: NDArray[Any]) -> _Track:
    """The runs of consecutive cells of one velocity. `columns` (129,): the index of the first cell of each pitch."""
    gap = cells[1:] - cells[:-1]
    borders = columns[(columns > 0) & (columns < len(cells))]
    gap[borders - 1] = 2  # a note ends where its pitch ends
    if gap.min(initial=1) < 1:
        raise npz.error("has cells out of order")
    breaks = np.flatnonzero((gap != 1) | (velocities[1:] != velocities[:-1]))
    edges = np.concatenate(([0], breaks + 1, [len(cells)]))
    begins, length = edges[:-1], (edges[1:] - edges[:-1]).astype(np.int32)
    pitch = np.repeat(np.arange(PITCHES, dtype=np.uint8), np.diff(np.searchsorted(begins, columns)))
    velocity = velocities[begins]
    if velocity.dtype == np.bool_:
        velocity = velocity * np.uint8(DEFAULT_VELOCITY)
    velocity = np.maximum(np.minimum(velocity, MAX_VELOCITY), 0).astype(np.uint8)
    track = _Track(pitch, cells[begins], length, velocity)
    if velocity.all():
        return track
    sounds = velocity > 0
    return _Track(pitch[sounds], cells[begins][sounds], length[sounds], velocity[sounds])


def _merge_by_instrument(tracks: list[tuple[int, _Track]]) -> Notes:
    by_instrument: dict[int, list[_Track]] = {}
    for instrument, track in sorted(tracks, key=lambda item: item[0]):
        by_instrument.setdefault(instrument, []).append(track)
    if not by_instrument:
        return Notes.empty()
    merged = [parts[0] if len(parts) == 1 else _merge_tracks(parts) for parts in by_instrument.values()]
    return Notes(
        np.repeat(np.array(list(by_instrument), np.uint8), [len(track.start) for track in merged]),
        np.concatenate([track.pitch for track in merged]),
        np.concatenate([track.start for track in merged]),
        np.concatenate([track.length for track in merged]),
        np.concatenate([track.velocity for track in merged]),
    )


def _merge_tracks(tracks: list[_Track]) -> _Track:
    """Several tracks of one instrument as one. A cell has the velocity of the loudest track, as when the dataset's
    authors merge tracks; the onsets of all tracks are kept, which merging the rolls would not do."""
    length = np.concatenate([track.length for track in tracks])
    note = np.repeat(np.arange(len(length)), length)
    into = np.arange(len(note)) - np.repeat(np.cumsum(length) - length, length)
    pitch = np.concatenate([track.pitch for track in tracks])
    position = (
        pitch[note].astype(np.int64) * (2 * MAX_STEPS) + np.concatenate([track.start for track in tracks])[note] + into
    )
    velocity = np.concatenate([track.velocity for track in tracks])[note]
    order = np.lexsort((velocity, position))
    position, velocity, onset = position[order], velocity[order], into[order] == 0
    last = np.append(position[1:] != position[:-1], True)  # the loudest cell of each position
    onset = np.logical_or.reduceat(onset, np.concatenate(([0], np.flatnonzero(last)[:-1] + 1)))
    position, velocity = position[last], velocity[last]
    begins = onset | np.append(True, (position[1:] - position[:-1] != 1) | (velocity[1:] != velocity[:-1]))
    edges = np.append(np.flatnonzero(begins), len(position))
    pitches, starts = np.divmod(position[begins], 2 * MAX_STEPS)
    return _Track(
        pitches.astype(np.uint8),
        starts.astype(np.int32),
        (edges[1:] - edges[:-1]).astype(np.int32),
        velocity[begins],
    )


def _meters(
    npz: Npz, stated: object, resolution: int, steps: int, steps_per_beat: int
) -> tuple[tuple[int, int, int], ...]:
    """The stated meters if the downbeats are those of their bars, else those of the bars between downbeats; the
    dataset's files state none, and have the first downbeat alone."""
    if "downbeat.npy" not in npz:
        return ((0, *FOUR_FOUR),)
    downbeats = np.flatnonzero(npz.array("downbeat", MAX_STEPS, "biuf"))
    downbeats = downbeats[downbeats < steps]
    meters = _meters_with(stated, downbeats, resolution, steps)
    meters = meters or meters_of_downbeats(downbeats, steps, resolution)
    on_grid = {int(round_steps(step * steps_per_beat / resolution)): meter for step, *meter in meters}
    return tuple((step, over, under) for step, (over, under) in on_grid.items())


def _meters_with(
    stated: object, downbeats: NDArray[np.int64], resolution: int, steps: int
) -> tuple[tuple[int, int, int], ...]:
    """The stated meters; none where they are not valid, or have other downbeats."""
    try:
        meters = build(_StatedMeters, {METERS: stated, "resolution": resolution}).meters
    except SchemaError:
        return ()
    bars = bar_starts(Song(LPD5, Notes.empty(), steps, resolution, meters=meters))
    return meters if np.array_equal(np.ceil(bars), downbeats) else ()


def _tempo(npz: Npz, resolution: int, steps_per_beat: int) -> tuple[tuple[int, float], ...]:
    """A tempo per beat, such that the beat lasts as long as its steps in the file; equal neighbours are joined."""
    if "tempo.npy" not in npz:
        return ((0, DEFAULT_TEMPO),)
    fine = npz.array("tempo", MAX_STEPS, "iuf").astype(np.float64, copy=False)
    if not len(fine):
        return ((0, DEFAULT_TEMPO),)
    fine = np.clip(np.where(np.isfinite(fine), fine, DEFAULT_TEMPO), MIN_TEMPO, MAX_TEMPO)
    first = np.arange(0, len(fine), resolution)
    steps_in_beat = np.diff(first, append=len(fine))
    tempo = np.round(steps_in_beat / np.add.reduceat(1 / fine, first), 2)
    changes = np.flatnonzero(np.diff(tempo, prepend=0.0))
    return tuple(zip((changes * steps_per_beat).tolist(), tempo[changes].tolist(), strict=True))
