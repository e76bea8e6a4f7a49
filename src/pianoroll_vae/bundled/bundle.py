"""The trained band that comes with the package, and the openings its songs start from. Knows where files lie."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Bundle:
    """A band exported into a folder: half-precision copies of its networks, and openings it has written itself."""

    folder: Path
    says: str = ""

    @property
    def parts(self) -> tuple[Path, Path, Path]:
        """VAE, melody and conditional networks."""
        vae, melody, conditional = (self.folder / f"{kind}.safetensors" for kind in ("vae", "melody", "conditional"))
        return vae, melody, conditional

    @property
    def openings(self) -> Path:
        return self.folder / "openings.safetensors"


BUNDLED = Bundle(Path(__file__).parent, "rock and blues, recipe arranger")
