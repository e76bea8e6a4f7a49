"""Opens the HDF5 file of a dataset and hands out its columns, each of the type and size that it must have.

A column that is stored elsewhere, is not whole, or would take far more memory than the file is refused before anything
of it is read.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from math import prod
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.errors import ArtifactDamaged, ArtifactStale

MAKE_AGAIN = "Make it again: vaemusic preprocess."
MAX_CHUNK_BYTES = 1 << 22
BYTES_PER_FILE_BYTE = 64
"""How large the tables of a dataset may be, compared with its file."""

_DEFLATE, _SHUFFLE = 1, 2
"""The filters of HDF5 that a column may have."""

FileIdentity = tuple[int, int, int, int]
"""Device, inode, size and time of the last change."""


@contextmanager
def reading(path: Path, identity: FileIdentity | None = None) -> Iterator[h5py.File]:
    """The open file; every error of HDF5 becomes one `ArtifactDamaged`. identity: that of the file that is meant."""
    try:
        with h5py.File(path, "r") as file:
            if identity is not None and identity_of(file) != identity:
                raise ArtifactStale(f"{path} was replaced while it was read.", "Run the command again.")
            yield file
    except (OSError, KeyError, AttributeError, TypeError, ValueError, RuntimeError, OverflowError) as problem:
        raise ArtifactDamaged(f"{path} cannot be read as a dataset: {problem}", MAKE_AGAIN) from problem


def identity_of(file: h5py.File) -> FileIdentity:
    stat = os.fstat(file.id.get_vfd_handle())
    return stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns


def read_attributes(file: h5py.File, names: tuple[str, ...]) -> dict[str, Any]:
    """The attributes of these names that there are: plain texts, numbers or bools."""
    found = {}
    attributes = file.attrs
    for name in filter(attributes.__contains__, names):
        attribute = attributes.get_id(name)
        if attribute.shape != () or attribute.dtype.kind not in "Ofiub":
            raise ValueError(f"its attribute {name} is not one value")
        value = attributes[name]
        found[name] = value.item() if isinstance(value, np.generic) else value
    return found


def read_table(group: h5py.Group, types: Mapping[str, type[np.generic]]) -> dict[str, NDArray[Any]]:
    """The columns of a group, whole. All are checked before the first is read."""
    columns = {name: column_of(group, name, kind) for name, kind in types.items()}
    largest = BYTES_PER_FILE_BYTE * identity_of(group.file)[2]
    if sum(column.size * column.dtype.itemsize for column in columns.values()) > largest:
        raise ValueError(f"its {group.name[1:]} are far larger than the file")
    return {name: column[:] for name, column in columns.items()}


def group_of(file: h5py.File, name: str) -> h5py.Group:
    if not _is_within(file, name) or not isinstance(group := file[name], h5py.Group):
        raise ValueError(f"its group {name} is missing or elsewhere")
    return group


def column_of(group: h5py.Group, name: str, kind: type[np.generic]) -> h5py.Dataset:
    """A column, of which nothing has been read."""
    path = f"{group.name[1:]}/{name}"
    if not _is_within(group, name):
        raise ValueError(f"its column {path} is missing or elsewhere")
    column = group[name]
    if not isinstance(column, h5py.Dataset) or column.dtype != np.dtype(kind) or column.ndim not in (1, 2):
        raise ValueError(f"its column {path} is not one of {np.dtype(kind)}")
    layout = column.id.get_create_plist()
    filters = {layout.get_filter(number)[0] for number in range(layout.get_nfilters())}
    stored_here = layout.get_layout() != h5py.h5d.VIRTUAL and not layout.get_external_count()
    if not stored_here or not filters <= {_DEFLATE, _SHUFFLE}:
        raise ValueError(f"its column {path} is stored in another way")
    if not _is_whole(column):
        raise ValueError(f"its column {path} is not whole")
    return column


def _is_within(group: h5py.Group, name: str) -> bool:
    """Whether the group has such an entry, and not one that leads to another place or file."""
    try:
        link = group.id.links.get_info(name.encode())
    except KeyError:
        return False
    return bool(link.type == h5py.h5l.TYPE_HARD)


def _is_whole(column: h5py.Dataset) -> bool:
    """Whether all of it is in the file: what is not would be read as zeros, of any size."""
    shape, chunk, item = column.shape, column.chunks, column.dtype.itemsize
    if chunk is None:
        return bool(column.id.get_storage_size() == prod(shape) * item)
    chunks = prod(-(-size // part) for size, part in zip(shape, chunk, strict=True))
    small = prod(chunk) * item <= MAX_CHUNK_BYTES
    return bool(small and column.id.get_num_chunks() == chunks)
