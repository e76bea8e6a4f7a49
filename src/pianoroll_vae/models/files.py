"""Safetensors files of numpy arrays with a JSON header, written whole or not at all. No pickle, no PyTorch.

Files are untrusted: the table of tensors is checked before any tensor is read, so that no file makes the program
allocate more memory than its own size. Tensors are used only where all of them have the digest of the header and all
their numbers are finite. Files of format 1, which earlier versions wrote, have no digest.
"""

import hashlib
import json
import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from pianoroll_vae.atomic_files import write_bytes
from pianoroll_vae.errors import ArtifactDamaged
from pianoroll_vae.paths import size_of
from pianoroll_vae.schema import load_json, shorten

FORMAT, WITHOUT_DIGEST = 2, 1
MAX_HEADER_BYTES = 1 << 20
DTYPES = {"U8": np.uint8, "I8": np.int8, "F16": np.float16, "F32": np.float32, "I64": np.int64}
NAMES = {np.dtype(dtype): name for name, dtype in DTYPES.items()}

Arrays = Mapping[str, NDArray[Any]]
_TRAIN_AGAIN = "Train it again."


class TensorType(NamedTuple):
    """What a tensor of a file must be; `dtype` as safetensors names it."""

    shape: tuple[int, ...]
    dtype: str = "F32"

    @property
    def size(self) -> int:
        return np.dtype(DTYPES[self.dtype]).itemsize * math.prod(self.shape)


class _Contents(NamedTuple):
    header: dict[str, Any]
    digest: str | None
    tensors: dict[str, TensorType]


def write_arrays(path: Path, header: Mapping[str, Any], arrays: Arrays) -> None:
    """Replace the file at `path` in one step: a concurrent reader gets the old file or the new one."""
    in_order = {name: np.asarray(array, order="C") for name, array in arrays.items()}
    _refuse_infinite(path, in_order)
    text = json.dumps({**header, "format": FORMAT, "digest": _digest(in_order)}, ensure_ascii=False)
    write_bytes(path, save(in_order, {"vaemusic": text}))


def read_header(path: Path) -> dict[str, Any]:
    """The header alone, after the table of tensors has been checked (sizes, offsets, end of file). A file of format 1
    has no `digest`."""
    return _read_contents(path).header


def tensor_names(path: Path) -> set[str]:
    """Of the tensors that a file declares, after the same check."""
    return set(_read_contents(path).tensors)


def read_arrays(path: Path, expected: Mapping[str, TensorType]) -> dict[str, NDArray[Any]]:
    """The arrays named in `expected`; all declared types are compared before any array is read."""
    contents = _read_contents(path)
    for name, tensor in expected.items():
        declared = contents.tensors.get(name)
        if declared != tensor:
            raise ArtifactDamaged(
                f"{path}: the tensor {name} {_difference(declared, tensor)}.",
                "The file is of another recipe: train again.",
            )
    with safe_open(path, framework="numpy") as file:
        arrays = {name: file.get_tensor(name) for name in sorted(contents.tensors)}
    if contents.digest is not None and contents.digest != _digest(arrays):
        raise ArtifactDamaged(f"{path} holds other tensors than its header has the digest of.", _TRAIN_AGAIN)
    _refuse_infinite(path, arrays)
    return {name: arrays[name] for name in expected}


def dtype_name(dtype: Any) -> str:
    """The name that safetensors has for a numpy dtype."""
    return NAMES[np.dtype(dtype)]


def _difference(declared: TensorType | None, expected: TensorType) -> str:
    if declared is None:
        return "is missing"
    if declared.shape != expected.shape:
        return f"has shape {shorten(declared.shape)}, not {expected.shape}"
    return f"is of type {declared.dtype}, not {expected.dtype}"


def _digest(arrays: Arrays) -> str:
    """Of names, types, shapes and bytes. SHA-256, because processors have instructions for it."""
    digest = hashlib.sha256()
    for name in sorted(arrays):
        array = arrays[name]
        digest.update(json.dumps([name, dtype_name(array.dtype), array.shape]).encode())
        digest.update(array.reshape(-1).view(np.uint8).data)
    return digest.hexdigest()[:32]


def _refuse_infinite(path: Path, arrays: Arrays) -> None:
    for name, array in arrays.items():
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise ArtifactDamaged(f"{path}: the tensor {name} has numbers that are not finite.", _TRAIN_AGAIN)


def _read_contents(path: Path) -> _Contents:
    """The JSON header and the declared type of every tensor, without reading the tensors."""
    try:
        size = size_of(path)
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            if not 2 <= length <= min(MAX_HEADER_BYTES, size - 8):
                raise ValueError("it is cut short")
            table = load_json(file.read(length))
        ours = load_json(table.pop("__metadata__")["vaemusic"])
        tensors = {name: _tensor_type(entry) for name, entry in table.items()}
        _refuse_size(size - 8 - length, tensors.values())
        digest = _digest_of(ours)
        with safe_open(path, framework="numpy"):  # the library's own check of offsets
            pass
    except OSError as refusal:
        raise ArtifactDamaged(f"Cannot read {path}: {refusal.strerror}.", "Check the path and permissions.") from None
    except (ValueError, KeyError, TypeError, AttributeError, SafetensorError) as reason:
        raise ArtifactDamaged(f"{path} is no model of vaemusic, or damaged: {reason}.", _TRAIN_AGAIN) from None
    return _Contents(ours, digest, tensors)


def _tensor_type(entry: dict[str, Any]) -> TensorType:
    shape = tuple(entry["shape"])
    if entry["dtype"] not in DTYPES or not all(type(size) is int and 0 <= size < 1 << 40 for size in shape):
        raise ValueError("it declares an impossible tensor")
    return TensorType(shape, entry["dtype"])


def _refuse_size(size: int, tensors: Iterable[TensorType]) -> None:
    wanted = sum(tensor.size for tensor in tensors)
    if wanted != size:
        raise ValueError(f"it has {size:,} bytes of tensors, its header declares {wanted:,}")


def _digest_of(header: Mapping[str, Any]) -> str | None:
    """The digest of the tensors; None in a file of format 1."""
    found, digest = header["format"], header.get("digest")
    if found not in (FORMAT, WITHOUT_DIGEST) or isinstance(found, bool):
        raise ValueError(f"it is of format {shorten(found)}, this program reads {FORMAT}")
    if not isinstance(digest, str) and not (found == WITHOUT_DIGEST and digest is None):
        raise ValueError("it has no digest")
    return digest
