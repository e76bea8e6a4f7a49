"""Weights in 8 bits: matrices as int8 with a scale for each row, vectors in half precision. In numpy alone.

Half the size of half precision, so that a band fits into the package.
"""

from collections.abc import Mapping
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.models.files import TensorType

MIN_SIZE = 4096
"""Numbers in a matrix from which on it is stored in 8 bits."""

LARGEST = 127
MAX_SCALE = float(np.finfo(np.float32).max) / 128
_SCALE = ".scale"

Shapes = Mapping[str, tuple[int, ...]]


def quantize_weights(arrays: Mapping[str, NDArray[np.floating[Any]]]) -> dict[str, NDArray[Any]]:
    """The arrays as they are stored: `name` as int8 and `name.scale` as float32, or `name` as float16."""
    stored: dict[str, NDArray[Any]] = {}
    for name, array in arrays.items():
        if not _is_eight_bit(array.shape):
            stored[name] = array.astype(np.float16)
            continue
        stored[name], stored[name + _SCALE] = quantize_rows(array)
    return stored


def quantize_rows(array: NDArray[np.floating[Any]]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Rows (…, columns) as integers, and the scale (…,) by which each row is to be multiplied."""
    scale = (np.abs(array).max(-1) / LARGEST).astype(np.float32)
    rows = np.maximum(scale, np.finfo(np.float32).tiny)[..., None]
    return np.clip(np.rint(array / rows), -LARGEST, LARGEST).astype(np.int8), scale


def stored_types(shapes: Shapes) -> dict[str, TensorType]:
    """The types of all arrays that are stored for arrays of these shapes."""
    types = {name: TensorType(shape, "I8" if _is_eight_bit(shape) else "F16") for name, shape in shapes.items()}
    scales = {name + _SCALE: TensorType(shape[:-1]) for name, shape in shapes.items() if _is_eight_bit(shape)}
    return types | scales


def dequantize_weights(stored: Mapping[str, NDArray[Any]], shapes: Shapes) -> dict[str, NDArray[np.float32]]:
    """The inverse of `quantize_weights`, to within half a step of each row's scale; ValueError for weights that are not
    finite."""
    arrays: dict[str, NDArray[np.float32]] = {}
    for name in filter(lambda name: _is_eight_bit(shapes[name]), shapes):
        if float(np.abs(stored[name + _SCALE]).max(initial=0)) > MAX_SCALE:
            raise ValueError(f"the scale of {name} is too large for weights that are finite")
    for name, shape in shapes.items():
        array = stored[name].astype(np.float32)
        arrays[name] = array * stored[name + _SCALE][..., None] if _is_eight_bit(shape) else array
    return arrays


def _is_eight_bit(shape: tuple[int, ...]) -> bool:
    return len(shape) > 1 and prod(shape) >= MIN_SIZE
