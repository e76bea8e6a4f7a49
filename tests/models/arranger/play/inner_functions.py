"""Calls compiled functions that are meant for other compiled functions only."""

from typing import Any

from pianoroll_vae.models.arranger.play.kernels import njit


def callable_from_python(function: Any) -> Any:
    """The same function, compiled so that Python can call it too."""
    return njit(function.py_func)
