"""Opens trained bands of any recipe. Knows nothing of folders."""

from pathlib import Path

from pianoroll_vae.models.ensemble import Ensemble
from pianoroll_vae.models.files import read_header


def load_band(vae: Path, melody: Path, conditional: Path) -> Ensemble:
    """The band whose networks lie in these files; refused where they do not belong together."""
    recipe = read_header(vae).get("recipe")
    writes_notes = isinstance(recipe, dict) and recipe.get("arranger") is not None
    if writes_notes:
        from pianoroll_vae.models.arranger.play.band import ArrangerBand

        return ArrangerBand.load(vae, melody, conditional)
    from pianoroll_vae.models.thesis.band import ThesisBand

    return ThesisBand.load(vae, melody, conditional)
