"""Bands to play with, one of each kind, the same for all tests of a run: whatever is claimed of one holds for all."""

import pytest

from pianoroll_vae.models.playing import Ensemble
from pianoroll_vae.stages.ensembles import load_ensemble
from pianoroll_vae.workspace import Workspace
from tests.small_band import small_workspace
from tests.small_chart import small_chart_workspace

BANDS = {"rolls": small_workspace, "chart": small_chart_workspace}


@pytest.fixture(scope="session", params=BANDS)
def workspace(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return BANDS[request.param](tmp_path_factory.mktemp(request.param))


@pytest.fixture(scope="session")
def ensemble(workspace: Workspace) -> Ensemble:
    return load_ensemble(workspace)
