"""Checkpoints survive the trip, and nothing torn, foreign or oversized is taken for one."""

import json
from pathlib import Path

import pytest
import torch

from pianoroll_vae.errors import ArtifactDamaged, ArtifactMissing, ArtifactStale, FileUnwritable
from pianoroll_vae.models.recipe import Recipe, VaeTraining, find_recipe
from pianoroll_vae.models.thesis.checkpoint import load_conditional, load_melody, load_vae
from pianoroll_vae.models.thesis.latent_networks import ConditionalNN, MelodyNN
from pianoroll_vae.models.thesis.vae import BandVae
from pianoroll_vae.models.training.checkpoint import fingerprints, load_trained, save_trained, write_tensors
from pianoroll_vae.music.band import LPD5

SMALL = Recipe("small", latent_size=4, vae=VaeTraining(channels=(4, 8, 8)))


def saved_vae(path: Path, seed: int = 0) -> BandVae:
    vae = BandVae.fresh(SMALL, LPD5.names, seed)
    save_trained(path, "vae", SMALL, LPD5, vae.weights, {"dataset": "abc", "scores": {}})
    return vae


def test_what_was_saved_is_what_is_loaded(tmp_path: Path) -> None:
    vae = saved_vae(tmp_path / "vae.safetensors")
    again = load_vae(tmp_path / "vae.safetensors")
    assert again.recipe == SMALL
    assert again.instruments == LPD5.names
    assert torch.equal(again.weights.flat, vae.weights.flat)
    assert again.fingerprints == fingerprints(vae.weights)


def test_latent_networks_are_played_only_with_the_vaes_they_learned_from(tmp_path: Path) -> None:
    saved_vae(tmp_path / "vae.safetensors")
    vae = load_vae(tmp_path / "vae.safetensors")
    melody = MelodyNN.fresh(SMALL, "piano", seed=0)
    conditional = ConditionalNN.fresh(SMALL, LPD5.names[1:], seed=0)
    facts = {"learned_from": vae.fingerprints}
    save_trained(tmp_path / "m", "melody", SMALL, LPD5, melody.weights, facts)
    save_trained(tmp_path / "c", "conditional", SMALL, LPD5, conditional.weights, facts)
    assert torch.equal(load_melody(tmp_path / "m", vae).weights.flat, melody.weights.flat)
    assert load_conditional(tmp_path / "c", vae).instruments == LPD5.names[1:]

    saved_vae(tmp_path / "vae.safetensors", seed=1)
    other = load_vae(tmp_path / "vae.safetensors")
    for load, name in ((load_melody, "m"), (load_conditional, "c")):
        with pytest.raises(ArtifactStale, match="was trained on another VAE") as caught:
            load(tmp_path / name, other)
        assert "vaemusic train" in caught.value.hint


def test_a_missing_model_names_the_command_that_makes_it(tmp_path: Path) -> None:
    with pytest.raises(ArtifactMissing, match="no trained vae") as caught:
        load_vae(tmp_path / "none")
    assert caught.value.hint == "Run: vaemusic train vae"


def test_a_missing_instrument_names_the_command_that_trains_it(tmp_path: Path) -> None:
    vae = BandVae.fresh(SMALL, ("guitar",), 0)
    save_trained(tmp_path / "v", "vae", SMALL, LPD5, vae.weights, {})
    with pytest.raises(ArtifactMissing, match="not trained for piano, bass, strings, drums") as caught:
        load_vae(tmp_path / "v")
    assert caught.value.hint == "Run: vaemusic train vae --instrument piano"
    assert load_vae(tmp_path / "v", need=("guitar",)).instruments == ("guitar",)


@pytest.mark.parametrize("keep", [0, 4, 8, 100, 5000, -1])
def test_a_torn_checkpoint_is_refused(tmp_path: Path, keep: int) -> None:
    path = tmp_path / "v"
    saved_vae(path)
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(ArtifactDamaged, match="damaged") as caught:
        load_vae(path)
    assert caught.value.hint == "Train it again."


def test_a_foreign_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "v").write_bytes(b"PK\x03\x04" + b"x" * 500)
    with pytest.raises(ArtifactDamaged, match="no model of vaemusic"):
        load_vae(tmp_path / "v")


def test_a_checkpoint_of_another_kind_is_refused(tmp_path: Path) -> None:
    saved_vae(tmp_path / "v")
    with pytest.raises(ArtifactDamaged, match="holds a vae, not a melody"):
        load_trained(tmp_path / "v", "melody", "vaemusic train melody")


def test_tensors_of_another_shape_than_the_recipe_says_are_refused(tmp_path: Path) -> None:
    wide = BandVae.fresh(find_recipe("thesis"), ("piano",), 0)
    header = {"kind": "vae", "recipe": SMALL.to_json(), "band": "lpd5", "fingerprints": {"piano": ""}}
    write_tensors(tmp_path / "v", header, wide.weights.tensors())
    with pytest.raises(ArtifactDamaged, match=r"has shape \(16, 64\), not \(16, 4\)") as caught:
        load_vae(tmp_path / "v")
    assert "another recipe" in caught.value.hint


def test_a_header_that_declares_terabytes_takes_no_memory(tmp_path: Path) -> None:
    ours = {"vaemusic": json.dumps({"format": 1})}
    table = {"__metadata__": ours, "a": {"dtype": "F32", "shape": [1 << 40], "data_offsets": [0, 1 << 42]}}
    text = json.dumps(table).encode()
    (tmp_path / "v").write_bytes(len(text).to_bytes(8, "little") + text)
    with pytest.raises(ArtifactDamaged, match="damaged"):
        load_vae(tmp_path / "v")


def test_an_unwritable_folder_is_one_message(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(FileUnwritable) as caught:
        saved_vae(tmp_path / "file" / "v")
    assert caught.value.hint
