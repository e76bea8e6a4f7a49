from pathlib import Path

import numpy as np
import pytest

from pianoroll_vae.errors import ArtifactDamaged
from pianoroll_vae.models.groove.groove import Groove, load_groove, median_offset, save_groove
from pianoroll_vae.music.drum_rhythm import played_rhythm
from tests.models.groove.songs import DRUMS_INDEX, drum_song


def test_the_median_of_an_offset_lies_within_its_step() -> None:
    probabilities = np.zeros((3, 7))
    probabilities[0, 3] = probabilities[1, 0] = 1
    probabilities[2, 2:4] = 0.5
    assert median_offset(probabilities).tolist() == pytest.approx([0, -3, -0.5])


def test_a_model_is_the_same_after_saving_and_loading(groove: Groove, tmp_path: Path) -> None:
    path = tmp_path / "groove.safetensors"
    save_groove(path, Groove(groove.weights, groove.thresholds, {"songs": 3}))
    loaded = load_groove(path)
    rhythm = played_rhythm(drum_song(7), DRUMS_INDEX, with_triplets=True)
    for saved, again in zip(groove.velocity_and_offset(rhythm), loaded.velocity_and_offset(rhythm), strict=True):
        assert np.array_equal(saved, again)
    assert loaded.figures == {"songs": 3}
    path.write_bytes(path.read_bytes()[:-50])
    with pytest.raises(ArtifactDamaged):
        load_groove(path)
