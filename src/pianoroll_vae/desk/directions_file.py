"""The file of directions of attributes in latent space, attributes.json: its schema, its reader and its writer."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.atomic_files import write_text
from pianoroll_vae.desk.directions import Direction
from pianoroll_vae.errors import ArtifactDamaged
from pianoroll_vae.schema import SchemaError, bounded, build, load_json, shorten

MAX_BYTES = 64 << 20
MAX_DIRECTIONS = 1000
MAX_FIGURE = 1e6


@dataclass(frozen=True)
class DirectionEntry:
    """A `Direction` as the file has it; null where that has NaN."""

    name: str
    kind: Literal["attribute", "genre"]
    vectors: tuple[tuple[float, ...], ...] = bounded(minimum=-MAX_FIGURE, maximum=MAX_FIGURE)
    moves: tuple[float | None, ...] = bounded(minimum=-MAX_FIGURE, maximum=MAX_FIGURE)
    others: tuple[float | None, ...] = bounded(minimum=-MAX_FIGURE, maximum=MAX_FIGURE)


def write_directions(path: Path, directions: Sequence[Direction]) -> None:
    write_text(path, json.dumps([_to_json(each) for each in directions]))


def read_directions(path: Path, shape: tuple[int, int], command: str) -> list[Direction]:
    """The directions in a file. shape: (instruments, latent_size) of the band; errors name `command` as the one that
    makes the file."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise ValueError(f"it is larger than {MAX_BYTES:,} bytes")
        values = load_json(content)
        if not isinstance(values, list) or not 0 < len(values) <= MAX_DIRECTIONS:
            raise ValueError(f"it is {shorten(values)}, not a list of 1 to {MAX_DIRECTIONS:,} directions")
        return [_direction(value, shape, f"direction {number}.") for number, value in enumerate(values, 1)]
    except OSError as problem:
        reason = problem.strerror or str(problem)
    except ValueError as problem:
        reason = str(problem)
    raise ArtifactDamaged(f"{path} holds no attributes: {reason}.", f"Run: {command}")


def _direction(values: Any, shape: tuple[int, int], where: str) -> Direction:
    entry = build(DirectionEntry, values, where)
    instruments, latent_size = shape
    if {len(entry.vectors), len(entry.moves), len(entry.others)} != {instruments}:
        raise SchemaError(f"{where}vectors", len(entry.vectors), f"{instruments}, one for each instrument")
    if any(len(vector) != latent_size for vector in entry.vectors):
        raise SchemaError(f"{where}vectors", entry.vectors, f"of {latent_size} numbers each, as the band's latents")
    vectors = np.array(entry.vectors, np.float32).reshape(shape)
    moves, others = (np.array(figures, np.float64) for figures in (entry.moves, entry.others))
    return Direction(entry.name, entry.kind, vectors, moves, others)


def _to_json(direction: Direction) -> dict[str, Any]:
    return {
        "name": direction.name,
        "kind": direction.kind,
        "vectors": direction.vectors.astype(np.float64).round(4).tolist(),
        "moves": _nan_to_none(direction.moves),
        "others": _nan_to_none(direction.others),
    }


def _nan_to_none(values: NDArray[np.float64]) -> list[float | None]:
    return [None if np.isnan(value) else round(float(value), 4) for value in values]
