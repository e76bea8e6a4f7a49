"""What the shell completes: names of recipes, bands, instruments, models, and genres of the bundled band."""

from pathlib import Path


def complete_recipe(incomplete: str) -> list[str]:
    from pianoroll_vae.models.recipe import RECIPES
    from pianoroll_vae.models.recipe_files import recipe_paths

    return _beginning([*RECIPES, *recipe_paths(_root())], incomplete)


def complete_band(incomplete: str) -> list[str]:
    from pianoroll_vae.music.band import BANDS
    from pianoroll_vae.music.band_files import band_paths

    return _beginning([*BANDS, *band_paths(_root())], incomplete)


def complete_instrument(incomplete: str) -> list[str]:
    """The last of several instruments, which commas separate."""
    from pianoroll_vae.music.band import BANDS

    return _last_of_list(sorted({name for band in BANDS.values() for name in band.names}), incomplete)


def complete_model(incomplete: str) -> list[str]:
    from pianoroll_vae.workspace import Workspace

    root = _root()
    return _beginning(Workspace(root).models() if root else (), incomplete)


def complete_genre(incomplete: str) -> list[str]:
    """The last of several genres, which commas separate."""
    from pianoroll_vae.bundled.bundle import BUNDLED
    from pianoroll_vae.models.files import read_header

    return _last_of_list(read_header(BUNDLED.parts[0])["recipe"]["genres"], incomplete)


def _last_of_list(names: list[str], incomplete: str) -> list[str]:
    before, comma, last = incomplete.rpartition(",")
    return [f"{before}{comma}{name}" for name in _beginning(names, last)]


def _beginning(names: "list[str] | tuple[str, ...]", incomplete: str) -> list[str]:
    return [name for name in names if name.startswith(incomplete)]


def _root() -> Path | None:
    """The workspace of the current folder; options before the command are not known while it is completed."""
    from pianoroll_vae.errors import WorkspaceMissing
    from pianoroll_vae.workspace import Workspace

    try:
        return Workspace.find().root
    except WorkspaceMissing:
        return None
