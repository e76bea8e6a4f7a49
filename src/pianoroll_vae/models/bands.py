"""Opens trained bands of any recipe. Knows nothing of folders."""

from pathlib import Path

from pianoroll_vae.models.model_files import read_header
from pianoroll_vae.models.playing import Ensemble


def load_band(vae: Path, melody: Path, conditional: Path) -> Ensemble:
    """The band whose networks lie in these files; refused where they do not belong together."""
    recipe = read_header(vae).get("recipe")
    writes_notes = isinstance(recipe, dict) and recipe.get("chart") is not None
    if writes_notes:
        from pianoroll_vae.models.chart.band import ChartBand

        return ChartBand.load(vae, melody, conditional)
    from pianoroll_vae.models.roll_band import RollBand

    return RollBand.load(vae, melody, conditional)
