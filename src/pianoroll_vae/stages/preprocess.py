"""Reads the files of the selection into one dataset on the recipe's grid.

Files are read in worker processes and appended in the order of the selection, so the dataset does not depend on the
number of processes. It is written completely or not at all.
"""

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from pianoroll_vae.atomic_files import writing
from pianoroll_vae.config import PreprocessSettings
from pianoroll_vae.errors import FileUnreadable, NothingFound, SettingInvalid
from pianoroll_vae.music.band import Band
from pianoroll_vae.music.dataset_writer import DatasetWriter
from pianoroll_vae.music.grid import Grid
from pianoroll_vae.music.note_columns import PackedBatch
from pianoroll_vae.music.selection import SelectedSong, read_selection
from pianoroll_vae.music.splits import Split
from pianoroll_vae.paths import size_of
from pianoroll_vae.progress import Watch
from pianoroll_vae.sources.dropped import UNREADABLE, DroppedFiles
from pianoroll_vae.sources.song_files import DropReason, PackSongs
from pianoroll_vae.sources.worker_pool import cores, map_in_workers
from pianoroll_vae.workspace import DATASET, SELECTION, Workspace

BATCH_SONGS = 32
MAX_SEQUENTIAL_SONGS = 200
"""Up to this number, one process reads them faster than workers start."""

GRIDS = (1, 2, 3, 4, 6, 8, 12, 24)
"""Valid steps per beat: the divisors of 24."""


@dataclass(frozen=True)
class PreprocessReport:
    """The numbers of songs read, kept and dropped, and the size of the dataset."""

    path: Path
    read: int
    kept: int
    dropped: dict[str, int]
    splits: dict[Split, int]
    segments: int
    notes: int
    size: int
    dropped_list: Path

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "path": str(self.path), "dropped_list": str(self.dropped_list)}


def run(workspace: Workspace, grid: Grid, band: Band, settings: PreprocessSettings, watch: Watch) -> PreprocessReport:
    """Write the dataset of the selection, and the list of dropped files."""
    grid = _overridden(grid, settings)
    selection = workspace.require(SELECTION)
    dropped = DroppedFiles()
    with workspace.lock():
        made_from = workspace.source_fingerprints(DATASET)
        total = sum(1 for _ in read_selection(selection))
        segments = notes = 0
        with writing(workspace.path(DATASET)) as part, _writer(part, band, grid) as writer:
            with watch.task("Reading songs", total, "songs") as task:
                for songs, (packed, reasons) in _read(selection, total, grid, band, settings):
                    kept = [song for song, reason in zip(songs, reasons, strict=True) if reason is None]
                    for song, reason in zip(songs, reasons, strict=True):
                        if reason is not None:
                            dropped.add(song.path, reason.reason, reason.detail)
                    writer.add(packed, kept)
                    segments += sum(song.steps // grid.segment_steps for song in packed.songs)
                    notes += sum(sum(song.notes) for song in packed.songs)
                    task.advance(len(songs))
            if len(dropped) == total:
                raise _nothing_left(dropped, total)
            splits = writer.finish(settings.seed)
        dropped.write(workspace.report("preprocess.csv"))
        workspace.record(DATASET, made_from, {**asdict(grid), "band": band.name, "seed": settings.seed})
    return PreprocessReport(
        workspace.path(DATASET),
        total,
        total - len(dropped),
        dict(dropped.counts),
        splits,
        segments,
        notes,
        size_of(workspace.path(DATASET)),
        workspace.report("preprocess.csv"),
    )


def _overridden(grid: Grid, settings: PreprocessSettings) -> Grid:
    overrides = {name: getattr(settings, name) for name in ("steps_per_beat", "segment_beats", "absent", "rounding")}
    grid = replace(grid, **{name: value for name, value in overrides.items() if value is not None})
    if grid.steps_per_beat not in GRIDS:
        raise SettingInvalid(
            f"The grid has {grid.steps_per_beat} steps per beat; valid are {', '.join(map(str, GRIDS))}.",
            "Give --steps-per-beat 4.",
        )
    return grid


def _read(
    selection: Path, total: int, grid: Grid, band: Band, settings: PreprocessSettings
) -> Iterator[tuple[list[SelectedSong], tuple[PackedBatch, list[DropReason | None]]]]:
    """The songs of each batch, packed, and why some were dropped, in the order of the selection."""
    pending: deque[list[SelectedSong]] = deque()

    def paths() -> Iterator[list[str]]:
        songs = read_selection(selection)
        while batch := list(islice(songs, BATCH_SONGS)):
            pending.append(batch)
            yield [song.path for song in batch]

    job = PackSongs(band, grid.steps_per_beat, grid.segment_steps, grid.velocities, grid.absent, grid.rounding)
    workers = cores() if settings.workers is None else settings.workers
    for result in map_in_workers(job, paths(), 0 if total <= MAX_SEQUENTIAL_SONGS else workers):
        yield pending.popleft(), result


@contextmanager
def _writer(path: Path, band: Band, grid: Grid) -> Iterator[DatasetWriter]:
    writer = DatasetWriter(path, band, grid.steps_per_beat, grid.segment_steps, grid.velocities, grid.rounding)
    try:
        yield writer
    except BaseException:
        with suppress(Exception):  # the first error is the one to report
            writer.close()
        raise


def _nothing_left(dropped: DroppedFiles, total: int) -> FileUnreadable | NothingFound:
    if not total:
        return NothingFound(
            "The selection is empty.", "Select songs: vaemusic filter --genre blues,rock, or vaemusic import DIR."
        )
    _, path, detail = dropped.entries[0]
    if dropped.counts[UNREADABLE] == total:
        return FileUnreadable(
            f"None of the {total:,} files of the selection can be read. The first: {path} {detail}.",
            "If the collection has moved, select the songs again: vaemusic filter --lpd DIR.",
        )
    reasons = ", ".join(f"{reason}: {count:,}" for reason, count in dropped.counts.items())
    return NothingFound(
        f"None of the {total:,} songs can be used ({reasons}).",
        "Select more songs, or give a smaller --segment-beats or --absent silence.",
    )
