"""Writes files in the Lakh Pianoroll Dataset's format, whole or wrong in one place, for tests to read."""

import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

PROGRAMS = {"Drums": 0, "Piano": 0, "Guitar": 24, "Bass": 32, "Strings": 48}


def members(
    rolls: Mapping[str, np.ndarray], resolution: int = 24, key: str = "beat_resolution", tempo: Any = None
) -> dict[str, np.ndarray | bytes]:
    """The members of an npz file: each roll is (steps, 128); an absent instrument is (0, 128) and bool."""
    info: dict[str, Any] = {"name": "song", key: resolution}
    arrays: dict[str, np.ndarray | bytes] = {}
    for index, (name, roll) in enumerate(rolls.items()):
        info[str(index)] = {"program": PROGRAMS.get(name, 0), "is_drum": name == "Drums", "name": name}
        pitch, step = np.nonzero(roll.T)
        begins = np.searchsorted(pitch, np.arange(129)).astype(np.int32)
        columns = {"data": roll[step, pitch], "indices": step.astype(np.int32), "indptr": begins}
        columns["shape"] = np.array(roll.shape, np.int64)
        arrays |= {f"pianoroll_{index}_csc_{part}.npy": column for part, column in columns.items()}
    if tempo is not None:
        arrays["tempo.npy"] = np.asarray(tempo)
    return {**arrays, "info.json": json.dumps(info).encode()}


def absent() -> np.ndarray:
    """How the dataset writes an instrument that does not play."""
    return np.zeros((0, 128), np.bool_)


def write(path: Path, contents: Mapping[str, np.ndarray | bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    """Write the members as numpy does."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", method) as file:
        for name, content in contents.items():
            if isinstance(content, np.ndarray):
                buffer = io.BytesIO()
                np.save(buffer, content, allow_pickle=True)
                content = buffer.getvalue()
            with file.open(name, "w", force_zip64=True) as member:
                member.write(content)
    return path


def random_rolls(seed: int, steps: int = 400, density: float = 0.03) -> dict[str, np.ndarray]:
    """Five rolls with notes of all lengths and velocities."""
    random = np.random.default_rng(seed)
    rolls = {}
    for name in PROGRAMS:
        roll = np.zeros((steps, 128), np.uint8)
        for _ in range(int(steps * density * 10)):
            start, length, pitch = random.integers(0, steps), random.integers(1, 30), random.integers(20, 100)
            roll[start : start + length, pitch] = random.integers(1, 128)
        rolls[name] = roll
    return rolls


def song_file(root: Path, track_id: str, md5: str, rolls: Mapping[str, np.ndarray], **more: Any) -> Path:
    """A song at its place in the published tree."""
    return write(root / track_id[2] / track_id[3] / track_id[4] / track_id / f"{md5}.npz", members(rolls, **more))
