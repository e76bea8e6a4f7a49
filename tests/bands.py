"""Small bands of both recipes, one each for all tests of a run: a claim about one is tested on both."""

import pytest

from pianoroll_vae.desk.ensembles import load_ensemble
from pianoroll_vae.models.ensemble import Ensemble
from pianoroll_vae.workspace import Workspace
from tests.small_arranger import small_arranger_workspace
from tests.small_thesis import small_thesis_workspace

BANDS = {"thesis": small_thesis_workspace, "arranger": small_arranger_workspace}


@pytest.fixture(scope="session", params=BANDS)
def workspace(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return BANDS[request.param](tmp_path_factory.mktemp(request.param))


@pytest.fixture(scope="session")
def ensemble(workspace: Workspace) -> Ensemble:
    return load_ensemble(workspace)
