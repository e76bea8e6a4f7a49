"""Collects versions, device, threads and memory for a bug report."""

import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, version

from pianoroll_vae import __version__
from pianoroll_vae.errors import without_pytorch
from pianoroll_vae.models.training.device import describe_device
from pianoroll_vae.sources.worker_pool import cores

PACKAGES = ("torch", "numpy", "numba", "h5py", "pypianoroll", "mido", "symusic", "safetensors", "typer", "rich")


def run() -> dict[str, str | int | float]:
    """Fact by fact: our version, Python, the machine, memory, the device training would use, every package."""
    facts: dict[str, str | int | float] = {
        "vaemusic": __version__,
        "python": sys.version.split()[0],
        "system": platform.platform(),
        "cores": cores(),
        "memory": _memory(),
    }
    facts.update(_device())
    for package in PACKAGES:
        facts[package] = _version(package)
    return facts


def _device() -> dict[str, str | int | float]:
    try:
        return describe_device()
    except ModuleNotFoundError:
        return {"device": f"none: PyTorch is not installed. {without_pytorch().hint}"}


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _memory() -> str:
    if not hasattr(os, "sysconf") or "SC_PHYS_PAGES" not in os.sysconf_names:
        return "unknown"
    return f"{os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE') / 2**30:.1f} GiB"
