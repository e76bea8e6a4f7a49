"""Checkpoints are read as they were written; truncated, foreign and oversized files are refused."""

import json
from pathlib import Path

import pytest
import torch

from pianoroll_vae.errors import ArtifactDamaged, ArtifactMissing, FileUnwritable
from pianoroll_vae.models.recipe import Recipe, VaeTraining, find_recipe
from pianoroll_vae.models.thesis.vae import BandVae
from pianoroll_vae.models.training.checkpoint import (
    fingerprints,
    load_trained,
    save_trained,
    write_tensors,
)
from pianoroll_vae.music.band import LPD5

COMMAND = "vaemusic train vae"
SMALL = Recipe("small", latent_size=4, vae=VaeTraining(channels=(4, 8, 8)))


def saved_vae(path: Path, seed: int = 0) -> BandVae:
    vae = BandVae.fresh(SMALL, LPD5.names, seed)
    save_trained(path, "vae", SMALL, LPD5, vae.weights, {"dataset": "abc", "scores": {}})
    return vae


def test_what_was_saved_is_what_is_loaded(tmp_path: Path) -> None:
    vae = saved_vae(tmp_path / "vae.safetensors")
    again = load_trained(tmp_path / "vae.safetensors", "vae", COMMAND)
    assert (again.header.kind, again.recipe, again.band) == ("vae", SMALL, LPD5)
    assert again.weights.instruments == LPD5.names
    assert torch.equal(again.weights.flat, vae.weights.flat)
    assert again.header.fingerprints == fingerprints(vae.weights)


def test_a_missing_model_names_the_command_that_makes_it(tmp_path: Path) -> None:
    with pytest.raises(ArtifactMissing, match="no trained vae") as caught:
        load_trained(tmp_path / "none", "vae", COMMAND)
    assert caught.value.hint == "Run: vaemusic train vae"


@pytest.mark.parametrize("keep", [0, 4, 8, 100, 5000, -1])
def test_a_torn_checkpoint_is_refused(tmp_path: Path, keep: int) -> None:
    path = tmp_path / "v"
    saved_vae(path)
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(ArtifactDamaged, match="damaged") as caught:
        load_trained(path, "vae", COMMAND)
    assert caught.value.hint == "Train it again."


def test_a_foreign_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "v").write_bytes(b"PK\x03\x04" + b"x" * 500)
    with pytest.raises(ArtifactDamaged, match="no model of vaemusic"):
        load_trained(tmp_path / "v", "vae", COMMAND)


def test_a_checkpoint_of_another_kind_is_refused(tmp_path: Path) -> None:
    saved_vae(tmp_path / "v")
    with pytest.raises(ArtifactDamaged, match="holds a vae, not a melody"):
        load_trained(tmp_path / "v", "melody", "vaemusic train melody")


def test_tensors_of_another_shape_than_the_recipe_says_are_refused(tmp_path: Path) -> None:
    wide = BandVae.fresh(find_recipe("thesis"), ("piano",), 0)
    header = {"kind": "vae", "recipe": SMALL.to_json(), "band": "lpd5", "fingerprints": {"piano": ""}}
    write_tensors(tmp_path / "v", header, wide.weights.tensors())
    with pytest.raises(ArtifactDamaged, match=r"has shape \(16, 64\), not \(16, 4\)") as caught:
        load_trained(tmp_path / "v", "vae", COMMAND)
    assert "another recipe" in caught.value.hint


def test_a_header_that_declares_terabytes_takes_no_memory(tmp_path: Path) -> None:
    ours = {"vaemusic": json.dumps({"format": 1})}
    table = {"__metadata__": ours, "a": {"dtype": "F32", "shape": [1 << 40], "data_offsets": [0, 1 << 42]}}
    text = json.dumps(table).encode()
    (tmp_path / "v").write_bytes(len(text).to_bytes(8, "little") + text)
    with pytest.raises(ArtifactDamaged, match="damaged"):
        load_trained(tmp_path / "v", "vae", COMMAND)


def test_an_unwritable_folder_is_one_message(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(FileUnwritable) as caught:
        saved_vae(tmp_path / "file" / "v")
    assert caught.value.hint
