"""Turns the selection's files into one dataset on the recipe's grid.

Files are read by several processes, batch by batch, and appended in the selection's order: the dataset is the same
whatever the number of processes, and is written whole or not at all.
"""

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from pianoroll_vae.config import PreprocessSettings
from pianoroll_vae.console import Watch
from pianoroll_vae.errors import FileUnreadable, NothingFound, SettingInvalid
from pianoroll_vae.music.band import Band
from pianoroll_vae.music.dataset import DatasetWriter
from pianoroll_vae.music.grid import Grid
from pianoroll_vae.music.note_columns import PackedBatch
from pianoroll_vae.music.selection import SelectedSong, read_selection
from pianoroll_vae.music.splits import Split
from pianoroll_vae.sources.dropped import UNREADABLE, DroppedFiles
from pianoroll_vae.sources.song_files import DropReason, PackSongs
from pianoroll_vae.sources.worker_pool import cores, map_in_workers
from pianoroll_vae.workspace import DATASET, SELECTION, Workspace, writing

BATCH_SONGS = 32
FEW_SONGS = 200
"""So few are read sooner in this process than others can be started."""
GRIDS = (1, 2, 3, 4, 6, 8, 12, 24)


@dataclass(frozen=True)
class PreprocessReport:
    """What became of the selection's songs."""

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
    """Write the dataset of the selection, and the list of what was left out."""
    grid = _overridden(grid, settings)
    selection = workspace.require(SELECTION)
    dropped = DroppedFiles()
    with workspace.lock():
        total = sum(1 for _ in read_selection(selection))
        segments = notes = 0
        with writing(workspace.path(DATASET)) as part, _writer(part, band, grid) as writer:
            with watch.task("Reading songs", total, "songs") as task:
                for songs, (packed, left_out) in _read(selection, total, grid, band, settings):
                    kept = [song for song, reason in zip(songs, left_out, strict=True) if reason is None]
                    for song, reason in zip(songs, left_out, strict=True):
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
        workspace.record(DATASET, {**asdict(grid), "band": band.name, "seed": settings.seed})
    return PreprocessReport(
        workspace.path(DATASET),
        total,
        total - len(dropped),
        dict(dropped.counts),
        splits,
        segments,
        notes,
        workspace.path(DATASET).stat().st_size,
        workspace.report("preprocess.csv"),
    )


def _overridden(grid: Grid, settings: PreprocessSettings) -> Grid:
    asked = {name: getattr(settings, name) for name in ("steps_per_beat", "segment_beats", "absent", "rounding")}
    grid = replace(grid, **{name: value for name, value in asked.items() if value is not None})
    if grid.steps_per_beat not in GRIDS:
        raise SettingInvalid(
            f"A grid of {grid.steps_per_beat} steps a beat cannot be.",
            f"Choose one of {', '.join(map(str, GRIDS))}: they divide the beat as music does.",
        )
    return grid


def _read(
    selection: Path, total: int, grid: Grid, band: Band, settings: PreprocessSettings
) -> Iterator[tuple[list[SelectedSong], tuple[PackedBatch, list[DropReason | None]]]]:
    """The songs of each batch with what became of them, in the selection's order."""
    under_way: deque[list[SelectedSong]] = deque()

    def paths() -> Iterator[list[str]]:
        songs = read_selection(selection)
        while batch := list(islice(songs, BATCH_SONGS)):
            under_way.append(batch)
            yield [song.path for song in batch]

    job = PackSongs(band, grid.steps_per_beat, grid.segment_steps, grid.velocities, grid.absent, grid.rounding)
    workers = cores() if settings.workers is None else settings.workers
    for result in map_in_workers(job, paths(), 0 if total <= FEW_SONGS else workers):
        yield under_way.popleft(), result


@contextmanager
def _writer(path: Path, band: Band, grid: Grid) -> Iterator[DatasetWriter]:
    writer = DatasetWriter(path, band, grid.steps_per_beat, grid.segment_steps, grid.velocities, grid.rounding)
    try:
        yield writer
    except BaseException:
        with suppress(Exception):  # what went wrong first is what matters
            writer.close()
        raise


def _nothing_left(dropped: DroppedFiles, total: int) -> FileUnreadable | NothingFound:
    if not total:
        return NothingFound("The selection is empty.", "Choose songs: vaemusic filter, or vaemusic import.")
    _, path, detail = dropped.entries[0]
    if dropped.counts[UNREADABLE] == total:
        return FileUnreadable(
            f"None of the {total:,} files of the selection can be read. The first: {path} {detail}.",
            "If the collection has moved, choose the songs again: vaemusic filter --lpd DIR.",
        )
    reasons = ", ".join(f"{reason}: {count:,}" for reason, count in dropped.counts.items())
    return NothingFound(
        f"None of the {total:,} songs can be used ({reasons}).",
        "Choose more songs, a shorter segment (--segment-beats) or --absent silence.",
    )
