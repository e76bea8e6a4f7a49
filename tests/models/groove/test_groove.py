from pathlib import Path

import numpy as np
import pytest

from pianoroll_vae.errors import ArtifactDamaged
from pianoroll_vae.models.files import TensorType, read_arrays, read_header, write_arrays
from pianoroll_vae.models.groove.groove import DRUMS, SHAPES, Groove, load_groove, median_offset, save_groove
from pianoroll_vae.music.drum_rhythm import played_rhythm
from tests.models.groove.figures import FIGURES
from tests.models.groove.songs import DRUMS_INDEX, drum_song


def test_the_median_of_an_offset_lies_within_its_step() -> None:
    probabilities = np.zeros((3, 7))
    probabilities[0, 3] = probabilities[1, 0] = 1
    probabilities[2, 2:4] = 0.5
    assert median_offset(probabilities).tolist() == pytest.approx([0, -3, -0.5])


def test_a_model_is_the_same_after_saving_and_loading(groove: Groove, tmp_path: Path) -> None:
    path = tmp_path / "groove.safetensors"
    half = {name: weight.astype(np.float16).astype(np.float32) for name, weight in groove.weights.items()}
    groove = Groove(half, groove.thresholds, FIGURES)
    save_groove(path, groove)
    loaded = load_groove(path)
    rhythm = played_rhythm(drum_song(7), DRUMS_INDEX, with_triplets=True)
    for saved, again in zip(groove.velocity_and_offset(rhythm), loaded.velocity_and_offset(rhythm), strict=True):
        assert np.array_equal(saved, again)
    assert loaded.figures == FIGURES
    path.write_bytes(path.read_bytes()[:-50])
    with pytest.raises(ArtifactDamaged):
        load_groove(path)


@pytest.mark.parametrize(
    "header",
    [
        {"figures": []},
        {"figures": {"songs": 3}},
        {"figures": FIGURES.as_dict() | {"with_timing": 2}},
        {"figures": FIGURES.as_dict() | {"velocity": 1.0}},
        {"drums": ["kick"]},
        {"drums": 5},
        {"kind": "vae"},
    ],
)
def test_a_header_that_breaks_its_schema_is_refused(groove: Groove, tmp_path: Path, header: dict[str, object]) -> None:
    path = tmp_path / "groove.safetensors"
    save_groove(path, Groove(groove.weights, groove.thresholds, FIGURES))
    types = {name: TensorType(shape, "F16") for name, shape in SHAPES.items()}
    types["thresholds"] = TensorType((DRUMS,))
    write_arrays(path, read_header(path) | header, read_arrays(path, types))
    with pytest.raises(ArtifactDamaged, match="not a groove model of this version") as refusal:
        load_groove(path)
    assert refusal.value.hint == "Run: vaemusic train groove"
