"""Each family of recipes has its own networks and band; files that do not make a band are refused."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pianoroll_vae.bundled.bundle import BUNDLED
from pianoroll_vae.errors import ArtifactDamaged, ArtifactMissing, ArtifactStale, VaemusicError
from pianoroll_vae.models.arranger.play.band import ArrangerBand
from pianoroll_vae.models.ensemble import Ensemble
from pianoroll_vae.models.families import family_of
from pianoroll_vae.models.files import read_header
from pianoroll_vae.models.model import ModelHeader
from pianoroll_vae.models.model_files import load_band
from pianoroll_vae.models.recipe import ArrangerSizes, Recipe, find_recipe, recipe_from_json
from pianoroll_vae.models.thesis.band import ThesisBand
from pianoroll_vae.models.training.checkpoint import fingerprints, load_trained, save_trained, write_tensors
from pianoroll_vae.workspace import CONDITIONAL, MELODY, VAE, Workspace
from tests.small_arranger import SMALL_ARRANGER, small_arranger_weights, small_arranger_workspace
from tests.small_thesis import small_thesis_workspace

ARRANGER = SMALL_ARRANGER.to_json()
TERMS = ("step", "pitch", "length", "velocity")


def load(workspace: Workspace) -> Ensemble:
    return load_band(*(workspace.path(part) for part in (VAE, MELODY, CONDITIONAL)))


def test_the_held_out_bound_is_what_was_recorded_in_the_unit_of_the_family() -> None:
    bundled = ModelHeader.from_json(read_header(BUNDLED.parts[0]))
    bound, unit = family_of(bundled.recipe).held_out_bound(bundled)
    scores = bundled.scores["band"]
    assert bound == pytest.approx(scores["valid_kl"] + sum(scores[f"valid_{name}"] for name in TERMS))
    assert unit == "nats a new bar"
    recorded = {"piano": {"valid_reconstruction": 60.0, "valid_kl": 8.0}, "bass": {"valid_reconstruction": 20.0}}
    thesis = ModelHeader("vae", find_recipe("thesis"), "lpd5", dict.fromkeys(recorded, ""), scores=recorded)
    assert family_of(thesis.recipe).held_out_bound(thesis) == (68.0, "nats a roll")
    plain = replace(thesis, recipe=find_recipe("thesis-ae"))
    assert family_of(plain.recipe).held_out_bound(plain) == (None, "an autoencoder has no bound")
    assert family_of(thesis.recipe).held_out_bound(replace(thesis, scores={})) == (None, "not recorded")


def test_each_family_loads_its_own_band(tmp_path: Path) -> None:
    assert isinstance(load(small_thesis_workspace(tmp_path / "a")), ThesisBand)
    assert isinstance(load(small_arranger_workspace(tmp_path / "b")), ArrangerBand)


def test_networks_of_two_bands_do_not_play_together(tmp_path: Path) -> None:
    thesis, arranger = small_thesis_workspace(tmp_path / "a"), small_arranger_workspace(tmp_path / "b")
    for one, other in ((thesis, arranger), (arranger, thesis)):
        with pytest.raises(ArtifactStale, match="another VAE"):
            load_band(one.path(VAE), other.path(MELODY), other.path(CONDITIONAL))


def test_an_incomplete_thesis_band_names_the_command_that_trains_the_rest(tmp_path: Path) -> None:
    workspace = small_thesis_workspace(tmp_path)
    vae = load_trained(workspace.path(VAE), "vae", "")
    guitar = vae.weights.rows(("guitar",))
    save_trained(workspace.path(VAE), "vae", vae.recipe, vae.band, guitar, {})
    with pytest.raises(ArtifactMissing, match="not trained for piano, bass, strings, drums") as caught:
        load(workspace)
    assert caught.value.hint == "Run: vaemusic train vae --instrument piano"


def test_latent_networks_of_another_vae_are_refused(tmp_path: Path) -> None:
    workspace = small_thesis_workspace(tmp_path)
    vae = load_trained(workspace.path(VAE), "vae", "")
    vae.weights.flat.add_(1)
    save_trained(workspace.path(VAE), "vae", vae.recipe, vae.band, vae.weights, {})
    with pytest.raises(ArtifactStale, match="was trained on another VAE") as caught:
        load(workspace)
    assert caught.value.hint == "Run: vaemusic train melody"


@pytest.mark.parametrize("part", [VAE, MELODY, CONDITIONAL], ids=lambda part: part.name)
def test_missing_and_truncated_files_are_refused_with_a_hint(tmp_path: Path, part: Any) -> None:
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
        {"recipe": {key: value for key, value in ARRANGER.items() if key != "family"}},
        {"recipe": ARRANGER | {"family": "diffusion"}},
        {"recipe": ARRANGER | {"family": ["arranger"]}},
        {"recipe": ARRANGER | {"arranger": [1]}},
        {"recipe": ARRANGER | {"arranger": {"breadth": 3}}},
        *({"recipe": ARRANGER | {"arranger": ARRANGER["arranger"] | wrong}} for wrong in (
            {"heads": 0}, {"heads": 3}, {"context_tokens": -1}, {"context_tokens": 10**12}, {"width": "wide"},
            {"width": 10**9}
        )),
        {"kind": "melody"},
    ],
)  # fmt: skip
def test_an_impossible_header_is_refused_with_a_hint(tmp_path: Path, header: dict[str, Any]) -> None:
    workspace, weights = small_arranger_workspace(tmp_path), small_arranger_weights("vae")
    valid = {"kind": "vae", "recipe": ARRANGER, "band": "lpd5", "fingerprints": fingerprints(weights), "dataset": ""}
    write_tensors(workspace.path(VAE), valid | header, weights.tensors())
    with pytest.raises(ArtifactDamaged) as caught:
        load(workspace)
    assert caught.value.hint


@pytest.mark.parametrize("recipe", [SMALL_ARRANGER, find_recipe("thesis")], ids=lambda recipe: recipe.name)
def test_a_recipe_is_read_as_it_was_written(recipe: Recipe) -> None:
    assert recipe_from_json(json.loads(json.dumps(recipe.to_json()))) == recipe


def test_sizes_that_no_network_can_have_are_refused() -> None:
    for wrong in ({"heads": 7}, {"kv_heads": 3}):
        with pytest.raises(ValueError, match="impossible sizes"):
            replace(ArrangerSizes(), **wrong)
