"""Safetensors files of numpy arrays with a JSON header, written whole or not at all. No pickle, no PyTorch.

Files are untrusted: the table of tensors is checked before any tensor is read, so that no file makes the program
allocate more memory than its own size.
"""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from pianoroll_vae.errors import ArtifactDamaged
from pianoroll_vae.workspace import write_bytes

FORMAT = 1
MAX_HEADER_BYTES = 1 << 20
ITEM_BYTES = {"U8": 1, "I8": 1, "F16": 2, "F32": 4, "I64": 8}

Arrays = Mapping[str, NDArray[Any]]


def write_arrays(path: Path, header: Mapping[str, Any], arrays: Arrays) -> None:
    """Replace the file at `path` in one step: a concurrent reader gets the old file or the new one."""
    text = json.dumps({"format": FORMAT, **header}, ensure_ascii=False)
    write_bytes(path, save({name: np.asarray(array, order="C") for name, array in arrays.items()}, {"vaemusic": text}))


def read_header(path: Path) -> dict[str, Any]:
    """The header alone, after the table of tensors has been checked (sizes, offsets, end of file)."""
    return _read_tables(path)[0]


def read_arrays(path: Path, expected: Mapping[str, tuple[int, ...]]) -> dict[str, NDArray[Any]]:
    """The arrays named in `expected`; all declared shapes are compared before any array is read."""
    declared = _read_tables(path)[1]
    for name, shape in expected.items():
        if declared.get(name) != shape:
            found = f"has shape {declared[name]}" if name in declared else "is missing"
            raise ArtifactDamaged(
                f"{path}: the tensor {name} {found}, not {shape}.", "The file is of another recipe: train again."
            )
    with safe_open(path, framework="numpy") as file:
        return {name: file.get_tensor(name) for name in expected}


def _read_tables(path: Path) -> tuple[dict[str, Any], dict[str, tuple[int, ...]]]:
    """The JSON header and the declared shape of every tensor, without reading the tensors."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            if not 2 <= length <= min(MAX_HEADER_BYTES, size - 8):
                raise ValueError("it is cut short")
            table = json.loads(file.read(length))
        ours = json.loads(table.pop("__metadata__")["vaemusic"])
        if ours["format"] != FORMAT:
            raise ValueError(f"it is of format {ours['format']}, this program reads {FORMAT}")
        declared = {name: tuple(entry["shape"]) for name, entry in table.items()}
        wanted = sum(ITEM_BYTES[entry["dtype"]] * math.prod(entry["shape"]) for entry in table.values())
        if wanted != size - 8 - length:
            raise ValueError(f"it has {size - 8 - length:,} bytes of tensors, its header declares {wanted:,}")
        with safe_open(path, framework="numpy"):  # the library's own check of offsets
            pass
    except OSError as refusal:
        raise ArtifactDamaged(f"Cannot read {path}: {refusal.strerror}.", "Check the path and permissions.") from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, SafetensorError) as reason:
        raise ArtifactDamaged(f"{path} is no model of vaemusic, or damaged: {reason}.", "Train it again.") from None
    return ours, declared
