"""A band to play with: the same small one for all tests of a run."""

import pytest

from pianoroll_vae.models.playing import Ensemble
from pianoroll_vae.stages.ensembles import load_ensemble
from pianoroll_vae.workspace import Workspace
from tests.small_band import small_workspace


@pytest.fixture(scope="session")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return small_workspace(tmp_path_factory.mktemp("workspace"))


@pytest.fixture(scope="session")
def ensemble(workspace: Workspace) -> Ensemble:
    return load_ensemble(workspace)
