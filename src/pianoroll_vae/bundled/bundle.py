"""Paths of the files of an exported band, and of the one in the package."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Bundle:
    """The files of a band that `vaemusic export` wrote."""

    folder: Path
    description: str = ""

    @property
    def parts(self) -> tuple[Path, ...]:
        """A file for each of `models.model.KINDS`."""
        return tuple(self.folder / f"{kind}.safetensors" for kind in ("vae", "melody", "conditional", "bar_vae"))

    @property
    def attributes(self) -> Path:
        """Directions of attributes in latent space, which need not exist."""
        return self.folder / "attributes.json"


BUNDLED = Bundle(Path(__file__).parent, "16 genres, recipe arranger")
