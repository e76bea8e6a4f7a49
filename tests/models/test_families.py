"""Files of networks become the band that wrote them, whatever its recipe; a file that is no band's is one message."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pianoroll_vae.errors import ArtifactDamaged, ArtifactMissing, ArtifactStale, VaemusicError
from pianoroll_vae.models.arranger.play.band import ArrangerBand
from pianoroll_vae.models.ensemble import Ensemble
from pianoroll_vae.models.families import load_band
from pianoroll_vae.models.recipe import ArrangerSizes, recipe_from_json
from pianoroll_vae.models.thesis.band import ThesisBand
from pianoroll_vae.models.training.checkpoint import fingerprints, write_tensors
from pianoroll_vae.workspace import CONDITIONAL, MELODY, VAE, Workspace
from tests.small_arranger import SMALL_ARRANGER, small_arranger_weights, small_arranger_workspace
from tests.small_thesis import small_thesis_workspace

ARRANGER = SMALL_ARRANGER.to_json()


def load(workspace: Workspace) -> Ensemble:
    return load_band(*(workspace.path(part) for part in (VAE, MELODY, CONDITIONAL)))


def test_each_recipe_has_its_kind_of_band(tmp_path: Path) -> None:
    assert isinstance(load(small_thesis_workspace(tmp_path / "a")), ThesisBand)
    assert isinstance(load(small_arranger_workspace(tmp_path / "b")), ArrangerBand)


def test_networks_of_two_bands_do_not_play_together(tmp_path: Path) -> None:
    rolls, arranger = small_thesis_workspace(tmp_path / "a"), small_arranger_workspace(tmp_path / "b")
    for one, other in ((rolls, arranger), (arranger, rolls)):
        with pytest.raises(ArtifactStale, match="another VAE"):
            load_band(one.path(VAE), other.path(MELODY), other.path(CONDITIONAL))


@pytest.mark.parametrize("part", [VAE, MELODY, CONDITIONAL], ids=lambda part: part.name)
def test_missing_and_torn_files_are_one_message(tmp_path: Path, part: Any) -> None:
    workspace = small_arranger_workspace(tmp_path)
    whole = workspace.path(part).read_bytes()
    for keep in (0, 100, len(whole) // 2, len(whole) - 1):
        workspace.path(part).write_bytes(whole[:keep])
        with pytest.raises(ArtifactDamaged) as caught:
            load(workspace)
        assert caught.value.hint
    workspace.path(part).unlink()
    with pytest.raises((ArtifactMissing, ArtifactDamaged)) as gone:
        load(workspace)
    assert isinstance(gone.value, VaemusicError)


@pytest.mark.parametrize(
    "header",
    [
        {"fingerprints": {}},
        {"fingerprints": ["kazoo"]},
        {"recipe": 3},
        {"recipe": ARRANGER | {"arranger": [1]}},
        {"recipe": ARRANGER | {"arranger": {"breadth": 3}}},
        *({"recipe": ARRANGER | {"arranger": ARRANGER["arranger"] | wrong}} for wrong in (
            {"heads": 0}, {"heads": 3}, {"tokens": -1}, {"tokens": 10**12}, {"width": "wide"}, {"width": 10**9}
        )),
        {"kind": "melody"},
    ],
)  # fmt: skip
def test_a_header_that_cannot_be_is_one_message(tmp_path: Path, header: dict[str, Any]) -> None:
    workspace, weights = small_arranger_workspace(tmp_path), small_arranger_weights("vae")
    usual = {"kind": "vae", "recipe": ARRANGER, "band": "lpd5", "fingerprints": fingerprints(weights), "dataset": ""}
    write_tensors(workspace.path(VAE), usual | header, weights.tensors())
    with pytest.raises(ArtifactDamaged) as caught:
        load(workspace)
    assert caught.value.hint


def test_a_chart_comes_back_from_its_header() -> None:
    assert recipe_from_json(ARRANGER) == SMALL_ARRANGER
    with pytest.raises(ValueError, match="impossible sizes"):
        replace(ArrangerSizes(), heads=7)
