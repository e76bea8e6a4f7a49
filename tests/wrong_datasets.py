"""Dataset files that break the schema, made from a sound one."""

import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from pianoroll_vae.music.dataset_schema import CHANGES, SONGS
from pianoroll_vae.music.note_columns import COLUMNS

COLUMN_NAMES = (
    *(f"notes/{name}" for name in COLUMNS),
    *(f"songs/{name}" for name in (*SONGS, "facts")),
    *(f"changes/{name}" for name in CHANGES),
)
ATTRIBUTES = ("format", "band", "fingerprint", "steps_per_beat", "segment_steps", "velocities", "rounding")

Breakage = Callable[[h5py.File, str, random.Random], None]


def _replace(file: h5py.File, name: str, values: Any, **more: Any) -> None:
    del file[name]
    file.create_dataset(name, data=values, **more)


def missing(file: h5py.File, name: str, rng: random.Random) -> None:
    del file[name]


def of_another_type(file: h5py.File, name: str, rng: random.Random) -> None:
    values = file[name][:]
    kinds = [kind for kind in (np.int8, np.int16, np.float32, np.uint64) if np.dtype(kind) != values.dtype]
    _replace(file, name, values.astype(rng.choice(kinds)))


def of_text(file: h5py.File, name: str, rng: random.Random) -> None:
    _replace(file, name, ["text"] * len(file[name]))


def shorter(file: h5py.File, name: str, rng: random.Random) -> None:
    """Padding may be missing from the columns of notes, but not from one alone."""
    values = file[name][:]
    _replace(file, name, values[: rng.randrange(len(values))])


def longer(file: h5py.File, name: str, rng: random.Random) -> None:
    values = file[name][:]
    _replace(file, name, np.concatenate([values, values[-1:]] * 2))


def of_more_axes(file: h5py.File, name: str, rng: random.Random) -> None:
    values = file[name][:]
    _replace(file, name, values.reshape(*values.shape, 1, 1))


def huge_and_empty(file: h5py.File, name: str, rng: random.Random) -> None:
    """Terabytes of zeros that are not in the file."""
    kind = file[name].dtype
    del file[name]
    file.create_dataset(name, shape=(1 << 40,), dtype=kind, chunks=(1 << 16,), compression="gzip")


def elsewhere(file: h5py.File, name: str, rng: random.Random) -> None:
    del file[name]
    file[name] = rng.choice([h5py.ExternalLink("/etc/passwd", "/x"), h5py.SoftLink("/songs/steps")])


def a_group(file: h5py.File, name: str, rng: random.Random) -> None:
    del file[name]
    file.create_group(name)


BREAKAGES: tuple[Breakage, ...] = (
    missing,
    of_another_type,
    of_text,
    shorter,
    longer,
    of_more_axes,
    huge_and_empty,
    elsewhere,
    a_group,
)

OUTSIDE: dict[str, tuple[float, ...]] = {
    "notes/row": (640, 65535),
    "notes/start_delta": (-(2**31), 2**31 - 1),
    "notes/length": (0, -1, 2**31 - 1),
    "notes/velocity": (0, 128, 255),
    "songs/first_note": (-1, 2**62, -(2**63)),
    "songs/instrument_notes": (-1, 2**31 - 1, -(2**31)),
    "songs/steps": (-1, 0, 2**31 - 1),
    "songs/split": (3, 255),
    "songs/first_tempo": (0.0, -1.0, np.nan, np.inf, 1e300),
    "songs/first_tempo_change": (-1, 2**62),
    "songs/tempo_changes": (0, -1, 2**31 - 1),
    "songs/first_meter_change": (-1, 2**62),
    "songs/meter_changes": (0, -1, 2**31 - 1),
    "changes/tempo_step": (-1, 2**31 - 1),
    "changes/tempo_bpm": (0.0, -1.0, np.nan, np.inf, 1e300),
    "changes/meter_step": (-1, 2**31 - 1),
    "changes/meter_over": (0, 256, 65535),
    "changes/meter_under": (0, 65, 65535),
}
"""Values that a column cannot have in any row."""

WRONG_ATTRIBUTES: dict[str, tuple[Any, ...]] = {
    "format": ("vaemusic dataset 0", 1, [1, 2]),
    "band": ("kazoos", 5, ["lpd5", "lpd5"]),
    "fingerprint": (7, [b"a", b"b"]),
    "steps_per_beat": (0, -1, 25, 2**62, "two", 2.5, np.nan, [2, 2]),
    "segment_steps": (0, -1, 513, 2**62, "many", 2.5, [32]),
    "velocities": (2, "yes", 0.5),
    "rounding": ("up", 3),
}

WRONG_FACTS: tuple[bytes, ...] = (
    b"",
    b"{",
    b"[]",
    b"null",
    b'{"title": "no md5"}',
    b'{"md5": 7}',
    b'{"md5": "a", "year": 1e999}',
    b'{"md5": "a", "year": "1959"}',
    b'{"md5": "a", "year": -1}',
    b'{"md5": "a", "genres": "blues"}',
    b'{"md5": "a", "genres": [["blues"]]}',
    b'{"md5": "a", "other": 1}',
    b'{"md5": ' + b"9" * 5000 + b"}",
    b"[" * 100_000,
)


def break_column(path: Path, name: str, breakage: Breakage, seed: int) -> None:
    with h5py.File(path, "r+") as file:
        breakage(file, name, random.Random(seed))


def break_value(path: Path, name: str, value: float, notes: int, seed: int) -> None:
    """notes: how many of the rows of notes belong to songs."""
    with h5py.File(path, "r+") as file:
        column = file[name]
        row = random.Random(seed).randrange(notes if name.startswith("notes/") else len(column))
        column[row] = value


def break_attribute(path: Path, name: str, value: Any) -> None:
    with h5py.File(path, "r+") as file:
        file.attrs[name] = value


def break_facts(path: Path, line: bytes, seed: int) -> None:
    with h5py.File(path, "r+") as file:
        lines = file["songs/facts"][:].tobytes().splitlines()
        lines[random.Random(seed).randrange(len(lines))] = line
        _replace(file, "songs/facts", np.frombuffer(b"\n".join(lines) + b"\n", np.uint8))


def break_anything(path: Path, sound: Path, notes: int, rng: random.Random) -> str:
    """Copy the sound dataset, break it somewhere, and describe how."""
    shutil.copyfile(sound, path)
    seed = rng.randrange(1 << 30)
    match rng.randrange(4):
        case 0:
            name, breakage = rng.choice(COLUMN_NAMES), rng.choice(BREAKAGES)
            break_column(path, name, breakage, seed)
            return f"{name}: {breakage.__name__}"
        case 1:
            name = rng.choice(sorted(OUTSIDE))
            value = rng.choice(OUTSIDE[name])
            break_value(path, name, value, notes, seed)
            return f"{name}: {value}"
        case 2:
            name = rng.choice(ATTRIBUTES)
            wrong = rng.choice(WRONG_ATTRIBUTES[name])
            break_attribute(path, name, wrong)
            return f"{name}: {wrong!r}"
    line = rng.choice(WRONG_FACTS)
    break_facts(path, line, seed)
    return f"facts: {line[:40]!r}"
