"""Learns from piano rolls and writes five-track songs. The Python API is `pianoroll_vae.api`."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pianoroll_vae.api import *  # noqa: F403

__version__ = "0.1.0"

_VERBS = frozenset(
    {
        "accompany",
        "apply_attributes",
        "average",
        "blend",
        "chart",
        "continue_",
        "from_multitrack",
        "from_rolls",
        "generate",
        "groove",
        "interpolate",
        "interpolate_stepwise",
        "load",
        "read",
        "reconstruct",
        "render",
        "to_multitrack",
        "vary",
        "write",
    }
)


def __getattr__(name: str) -> Any:
    """A verb of the API, imported at first use: PyTorch takes a second to load, and many commands do not need it."""
    if name not in _VERBS:  # Python also looks up submodules here when they are first imported
        raise AttributeError(f"module 'pianoroll_vae' has no attribute '{name}'")
    from importlib import import_module

    return getattr(import_module("pianoroll_vae.api"), name)


def __dir__() -> list[str]:
    """What the Python prompt and Jupyter complete: the verbs too, before they are imported."""
    return sorted(_VERBS.union(globals()))
