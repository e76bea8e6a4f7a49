"""Exported bands play without a workspace, and training can start from them."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pianoroll_vae.bundled.bundle import Bundle
from pianoroll_vae.config import TrainSettings
from pianoroll_vae.errors import ArtifactMissing, SettingInvalid
from pianoroll_vae.models.model import KINDS
from pianoroll_vae.models.model_files import load_band
from pianoroll_vae.models.training.checkpoint import load_trained
from pianoroll_vae.music.band import LPD5
from pianoroll_vae.music.dataset_writer import DatasetWriter
from pianoroll_vae.music.note_columns import pack
from pianoroll_vae.music.notes import Notes
from pianoroll_vae.music.selection import SongFacts
from pianoroll_vae.music.song import Song
from pianoroll_vae.progress import SilentWatch
from pianoroll_vae.stages import export, train
from pianoroll_vae.stages.train import TrainOptions
from pianoroll_vae.workspace import BAR_VAE, CONDITIONAL, DATASET, MELODY, VAE, Workspace
from tests.arranger_dataset import loop_song
from tests.small_arranger import SMALL_ARRANGER, small_arranger_workspace

WATCH = SilentWatch()


def dataset_of_loops(path: Path, songs: int = 24) -> None:
    """Songs on a grid of twelfths of a beat, of 16 to 20 bars."""
    writer = DatasetWriter(path, LPD5, 12, 192, velocities=True, rounding="nearest")
    made = [loop_song(seed, 16 + seed % 5) for seed in range(songs)]
    writer.add(pack(made, velocities=True), [SongFacts(md5=f"{seed:032x}") for seed in range(songs)])
    writer.finish(seed=0)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    workspace = small_arranger_workspace(tmp_path_factory.mktemp("home"))
    dataset_of_loops(workspace.path(DATASET))
    return workspace


@pytest.fixture(scope="module")
def bundle(home: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    folder = tmp_path_factory.mktemp("exported") / "band"
    report = export.run(home, folder)
    assert report.size == sum(path.stat().st_size for path in folder.iterdir())
    return Bundle(folder)


def test_an_exported_band_is_less_than_half_of_the_size_and_nearly_the_same(home: Workspace, bundle: Bundle) -> None:
    for path, kind, artifact in zip(bundle.parts, KINDS, (VAE, MELODY, CONDITIONAL, BAR_VAE), strict=True):
        assert path.stat().st_size < 0.45 * home.path(artifact).stat().st_size
        kept, own = load_trained(path, kind, ""), load_trained(home.path(artifact), kind, "")
        np.testing.assert_allclose(kept.weights.flat, own.weights.flat, atol=0.02)
        assert kept.header.fingerprints == own.header.fingerprints
    band = load_band(*bundle.parts)
    silence = Song(LPD5, Notes.empty(), 0, 12)
    first, again = (band.continue_([silence], 2, seeds=[3])[0] for _ in range(2))
    assert len(first)
    assert first == again


def test_training_starts_from_an_exported_band(home: Workspace, bundle: Bundle, tmp_path: Path) -> None:
    workspace = small_arranger_workspace(tmp_path)
    dataset_of_loops(workspace.path(DATASET))
    order = TrainOptions(("vae",), restart=True, init=str(bundle.folder), learning_rate=1e-6, precision="float32")
    train.run(workspace, order, TrainSettings(epochs=1, device="cpu"), SMALL_ARRANGER, WATCH)
    given, learned = (load_trained(path, "vae", "").weights.flat for path in (bundle.parts[0], workspace.path(VAE)))
    assert not np.array_equal(given, learned)
    np.testing.assert_allclose(given, learned, atol=1e-3)


def test_a_trained_band_is_trained_on_at_an_eightieth_of_the_learning_rate(bundle: Bundle, tmp_path: Path) -> None:
    workspace, weights = small_arranger_workspace(tmp_path), []
    dataset_of_loops(workspace.path(DATASET))
    for rate in (None, SMALL_ARRANGER.vae.learning_rate / 80):
        order = TrainOptions(("vae",), restart=True, init=str(bundle.folder), learning_rate=rate, precision="float32")
        train.run(workspace, order, TrainSettings(epochs=1, device="cpu"), SMALL_ARRANGER, WATCH)
        weights.append(load_trained(workspace.path(VAE), "vae", "").weights.flat)
    by_default, at_an_eightieth = weights
    np.testing.assert_allclose(by_default, at_an_eightieth, rtol=1e-6)


def test_training_does_not_start_from_another_recipe(home: Workspace, bundle: Bundle, tmp_path: Path) -> None:
    order = TrainOptions(("vae",), restart=True, init=str(bundle.folder))
    wider = replace(SMALL_ARRANGER, latent_size=5)
    with pytest.raises(SettingInvalid, match="another recipe or band") as caught:
        train.run(home, order, TrainSettings(epochs=1, device="cpu"), wider, WATCH)
    assert "--init" in caught.value.hint
    with pytest.raises(ArtifactMissing, match="no trained vae") as missing:
        nowhere = replace(order, init=str(tmp_path))
        train.run(home, nowhere, TrainSettings(epochs=1, device="cpu"), SMALL_ARRANGER, WATCH)
    assert "vaemusic export" in missing.value.hint


def test_nothing_is_written_of_a_band_that_is_not_whole(home: Workspace, tmp_path: Path) -> None:
    partly = Workspace(tmp_path / "partly")
    for artifact in (VAE, MELODY):
        partly.path(artifact).parent.mkdir(parents=True)
        partly.path(artifact).write_bytes(home.path(artifact).read_bytes())
    with pytest.raises(ArtifactMissing, match="no conditional yet"):
        export.run(partly, tmp_path / "band")
    assert not (tmp_path / "band").exists()
