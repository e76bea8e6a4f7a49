"""Datasets of songs that tests make, and workspaces that have one."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

from pianoroll_vae.atomic_files import write_bytes
from pianoroll_vae.music.band import LPD5
from pianoroll_vae.music.dataset_writer import DatasetWriter
from pianoroll_vae.music.note_columns import pack
from pianoroll_vae.music.selection import SongFacts
from pianoroll_vae.music.song import Song
from pianoroll_vae.stages import init
from pianoroll_vae.workspace import DATASET, Workspace


def dataset_content(songs: Sequence[Song], steps_per_beat: int, segment_steps: int) -> bytes:
    """What is in the file of a dataset of these songs."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "dataset.h5")
        writer = DatasetWriter(path, LPD5, steps_per_beat, segment_steps, velocities=True)
        writer.add(pack(songs, velocities=True), [SongFacts(md5=f"{number:032x}") for number in range(len(songs))])
        writer.finish(seed=0)
        return path.read_bytes()


def dataset_workspace(root: Path, content: bytes) -> Workspace:
    """A workspace in which preprocessing is done."""
    init.run(root)
    workspace = Workspace.find(root)
    write_bytes(workspace.path(DATASET), content)
    workspace.record(DATASET, workspace.source_fingerprints(DATASET))
    return workspace
