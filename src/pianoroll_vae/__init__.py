"""Learns from piano rolls and writes five-track songs. Its verbs in Python are those of `pianoroll_vae.api`."""

from typing import Any

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """The verbs, loaded when one is first asked for: PyTorch takes a second."""
    if name.startswith("_"):
        raise AttributeError(name)
    from importlib import import_module

    try:
        return import_module("pianoroll_vae.api").__dict__[name]
    except KeyError:
        raise AttributeError(f"module 'pianoroll_vae' has no attribute '{name}'") from None
