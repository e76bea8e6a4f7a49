"""A model file is used only where its header is one, its weights are finite, and they are those of its digest."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors.numpy import save_file

from pianoroll_vae.errors import ArtifactDamaged, ArtifactStale
from pianoroll_vae.models.files import read_header, write_arrays
from pianoroll_vae.models.model import ModelHeader
from pianoroll_vae.models.model_files import load_band, read_model
from pianoroll_vae.stages import export
from pianoroll_vae.workspace import CONDITIONAL, MELODY, VAE, Workspace
from tests.small_thesis import small_thesis_workspace
from tests.wrong_values import replaced, wrong_fields

COMMAND = "vaemusic train vae"


@dataclass(frozen=True)
class Content:
    """A model file as its writer had it."""

    header: dict[str, Any]
    arrays: dict[str, NDArray[Any]]

    def write(self, path: Path) -> Path:
        """With a digest of these arrays."""
        write_arrays(path, self.header, self.arrays)
        return path

    def write_as_it_is(self, path: Path) -> Path:
        """With the header's own digest, or none."""
        save_file(self.arrays, path, {"vaemusic": json.dumps(self.header)})
        return path


def content(path: Path) -> Content:
    with safe_open(path, framework="numpy") as file:
        header = json.loads(file.metadata()["vaemusic"])
        return Content(header, {name: file.get_tensor(name) for name in file.keys()})  # noqa: SIM118


@pytest.fixture(scope="module")
def band(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return small_thesis_workspace(tmp_path_factory.mktemp("band"))


def refused(path: Path, why: str = ".") -> None:
    with pytest.raises(ArtifactDamaged, match=why) as caught:
        read_model(path, "vae", COMMAND)
    assert caught.value.hint


FIELDS = dict(wrong_fields(ModelHeader))


@settings(deadline=None, max_examples=50)
@given(st.sampled_from(sorted(FIELDS)), st.data())
def test_no_header_outside_the_schema_is_used(band: Workspace, path: tuple[str, ...], data: st.DataObject) -> None:
    file = band.root / "wrong.safetensors"
    vae = content(band.path(VAE))
    header = replaced(vae.header, path, data.draw(FIELDS[path]))
    if header == vae.header:
        return
    write_arrays(file, header, vae.arrays)
    refused(file)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("learned_from",), 3),
        (("learned_from",), {"piano": 7}),
        (("recipe", "grid", "steps_per_beat"), 0),
        (("recipe", "grid", "steps_per_beat"), "two"),
        (("recipe", "grid", "steps_per_beat"), 10**9),
        (("recipe", "grid", "segment_beats"), 32),
        (("recipe", "vae", "kernels"), [[4, 4], [4, 4], [2, 4]]),
        (("recipe", "vae", "channels"), [4, 8]),
        (("recipe", "genres"), ["blues"] * 25),
        (("band",), "lpd7"),
        (("scores",), {"kazoo": {}}),
        (("made",), {"piano": ""}),
    ],
)
def test_a_header_whose_parts_do_not_belong_together_is_refused(
    band: Workspace, tmp_path: Path, path: tuple[str, ...], value: Any
) -> None:
    vae = content(band.path(VAE))
    refused(Content(replaced(vae.header, path, value), vae.arrays).write(tmp_path / "v"), "header of another version")


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
@pytest.mark.parametrize("format", [1, 2])
def test_weights_that_are_not_finite_are_refused(band: Workspace, tmp_path: Path, wrong: float, format: int) -> None:
    vae = content(band.path(VAE))
    vae.arrays["bass/log_sigma"][0] = wrong
    with pytest.raises(ArtifactDamaged, match="bass/log_sigma has numbers that are not finite"):
        vae.write(tmp_path / "v")
    header = {key: value for key, value in vae.header.items() if key != "digest"} | {"format": 1}
    refused(Content(header if format == 1 else vae.header, vae.arrays).write_as_it_is(tmp_path / "v"))


def test_replaced_weights_are_noticed(band: Workspace, tmp_path: Path) -> None:
    vae = content(band.path(VAE))
    vae.arrays["bass/log_sigma"][0] += 1e-3
    refused(vae.write_as_it_is(tmp_path / "v"), "other tensors than its header has the digest of")


def test_replaced_weights_of_a_file_without_digest_are_noticed_by_their_fingerprints(
    band: Workspace, tmp_path: Path
) -> None:
    vae = content(band.path(VAE))
    vae.header["format"] = 1
    del vae.header["digest"]
    assert read_model(vae.write_as_it_is(tmp_path / "v"), "vae", COMMAND).header.band == "lpd5"
    vae.arrays["bass/log_sigma"][0] += 1e-3
    refused(vae.write_as_it_is(tmp_path / "v"), "other weights of the network bass")


def test_a_file_of_this_version_needs_its_digest(band: Workspace, tmp_path: Path) -> None:
    vae = content(band.path(VAE))
    del vae.header["digest"]
    refused(vae.write_as_it_is(tmp_path / "v"), "it has no digest")


def test_replaced_weights_of_an_exported_band_are_noticed(band: Workspace, tmp_path: Path) -> None:
    export.run(band, tmp_path)
    path = tmp_path / "melody.safetensors"
    assert "digest" in read_header(path)
    melody = content(path)
    name = next(name for name, array in melody.arrays.items() if array.dtype == np.float16)
    melody.arrays[name][0] += 1
    melody.write_as_it_is(path)
    with pytest.raises(ArtifactDamaged, match="digest"):
        read_model(path, "melody", COMMAND)


def test_tensors_of_another_type_are_refused(band: Workspace, tmp_path: Path) -> None:
    vae = content(band.path(VAE))
    vae.arrays["bass/log_sigma"] = vae.arrays["bass/log_sigma"].astype(np.int64)
    refused(vae.write(tmp_path / "v"), "bass/log_sigma is of type I64, not F32")


def test_latent_networks_of_another_recipe_than_the_vae_are_refused(band: Workspace, tmp_path: Path) -> None:
    melody = content(band.path(MELODY))
    other = Content(replaced(melody.header, ("recipe", "threshold"), 0.4), melody.arrays).write(tmp_path / "m")
    with pytest.raises(ArtifactStale, match="of another recipe or band than the VAE"):
        load_band(band.path(VAE), other, band.path(CONDITIONAL))
