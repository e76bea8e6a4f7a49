"""Learns from piano rolls and writes five-track songs. Its verbs in Python are those of `pianoroll_vae.api`."""

from typing import Any

__version__ = "0.1.0"

_VERBS = frozenset(
    {
        "accompany",
        "apply",
        "average",
        "blend",
        "generate",
        "continue_",
        "groove",
        "interpolate",
        "load",
        "read",
        "reconstruct",
        "source_midi_of_rolls",
        "vary",
        "write",
    }
)


def __getattr__(name: str) -> Any:
    """The verbs, loaded when one is first asked for: PyTorch takes a second, and many commands need none."""
    if name not in _VERBS:  # also a module of ours that is imported for the first time
        raise AttributeError(f"module 'pianoroll_vae' has no attribute '{name}'")
    from importlib import import_module

    return getattr(import_module("pianoroll_vae.api"), name)
