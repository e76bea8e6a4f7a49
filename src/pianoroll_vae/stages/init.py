"""Makes a workspace; an existing one is only checked."""

from dataclasses import dataclass
from pathlib import Path

from pianoroll_vae.atomic_files import write_text
from pianoroll_vae.config import TEMPLATE, load
from pianoroll_vae.paths import exists, resolve
from pianoroll_vae.workspace import CONFIG_FILE


@dataclass(frozen=True)
class InitReport:
    root: Path
    config: Path
    existed: bool


def run(folder: Path) -> InitReport:
    """Write the commented vaemusic.toml, or check the one that exists."""
    root = resolve(folder)
    config = root / CONFIG_FILE
    existed = exists(config)
    if existed:
        load(root)
    else:
        write_text(config, TEMPLATE)
    return InitReport(root, config, existed)
