"""Copies a soundfont with loops that the synthesizer can play without reading beyond a sample.

What it reads there is whatever lies in memory: another noise in each run. It does so in two cases.

The synthesizer shortens a sample to whole output samples when it changes its rate and its pitch, and rounds the end of
the loop by itself. Where the loop ends with the sample, it can end some samples later than the sound. The format has
silence of at least 46 samples behind each sample, so the copy moves the sample's end and leaves the loop as it is.

An instrument can move the loop of a sample. The synthesizer moves the start of a loop forward alone and the end back
alone, so that a loop that is moved back as a whole would end before it starts. In the copy such a loop is not moved.
"""

import atexit
import os
import shutil
import tempfile
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.errors import FileUnreadable
from pianoroll_vae.listen.soundfont import (
    COARSE_OFFSETS,
    OFFSETS,
    PLACES,
    Tables,
    check_soundfont,
    read_tables,
    zone_moves,
    zone_of_generators,
)

ROOM = 40
"""Samples that shall lie between the end of a loop and that of its sample."""

LOOP_OFFSETS = (*OFFSETS[2:], *COARSE_OFFSETS[2:])
"""Generators that move a loop."""


def playable_copy(soundfont: Path) -> Path:
    """A checked copy in which loops end before their samples, or the soundfont itself where they all do."""
    check_soundfont(soundfont)
    with soundfont.open("rb") as file:
        status = os.fstat(file.fileno())
    return _copy(soundfont.absolute(), status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=2)
def _copy(soundfont: Path, modified: int, size: int) -> Path:
    """The copy lasts as long as the process."""
    with soundfont.open("rb") as file:
        tables, layout = read_tables(file)
    changed = {"shdr": _with_moved_ends(tables, layout.samples), "igen": _without_empty_loops(tables)}
    if all((table == tables[name]).all() for name, table in changed.items()):
        return soundfont
    try:
        folder = tempfile.mkdtemp(prefix="vaemusic-soundfont-")
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        copy = Path(folder) / soundfont.name
        shutil.copyfile(soundfont, copy)
        with copy.open("r+b") as file:
            for name, table in changed.items():
                file.seek(layout.tables[name])
                file.write(table.tobytes())
    except OSError as problem:
        raise FileUnreadable(
            f"No copy of {soundfont} can be made in {tempfile.gettempdir()}: {problem.strerror}.",
            "Make room there, or name another folder: TMPDIR=FOLDER.",
        ) from None
    return copy


def _with_moved_ends(tables: Tables, samples: int) -> NDArray[np.void]:
    """The headers of all samples, with an end ROOM behind the loop, but never in the next sample."""
    headers = tables["shdr"].copy()
    start, end, loop_start, loop_end = (headers[name][:-1].astype(np.int64) for name in PLACES)
    starts = np.append(np.sort(start), samples)
    next_start = starts[np.minimum(np.searchsorted(starts, end), len(start))]
    moved = np.minimum(np.maximum(end, loop_end + ROOM), np.maximum(next_start, end))
    headers["end"][:-1] = np.where(loop_end > loop_start, moved, end)
    return headers


def _without_empty_loops(tables: Tables) -> NDArray[np.void]:
    """The generators of instruments; those that move the loop of a zone are 0 where the synthesizer would empty it."""
    generators = tables["igen"].copy()
    sample, moves = zone_moves(tables)
    headers = tables["shdr"][sample]
    begin = headers["loop_start"].astype(np.int64) + np.maximum(moves["loop_start"], 0)
    end = headers["loop_end"].astype(np.int64) + np.minimum(moves["loop_end"], 0)
    emptied = (sample >= 0) & (end <= begin) & (headers["loop_end"] > headers["loop_start"])
    of_loop = np.isin(generators["kind"][:-1], LOOP_OFFSETS)
    generators["amount"][:-1][of_loop & emptied[zone_of_generators(tables)]] = 0
    return generators
