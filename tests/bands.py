"""Small bands of both recipes, one each for all tests of a run: a claim about one is tested on both.

What makes them imports PyTorch, so it is imported when one is made: the process that only hands tests to workers reads
this module, too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pianoroll_vae.workspace import Workspace

if TYPE_CHECKING:
    from pianoroll_vae.models.ensemble import Ensemble


@pytest.fixture(scope="session", params=["thesis", "arranger"])
def workspace(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    from tests.small_arranger import small_arranger_workspace
    from tests.small_thesis import small_thesis_workspace

    make = {"thesis": small_thesis_workspace, "arranger": small_arranger_workspace}[request.param]
    return make(tmp_path_factory.mktemp(request.param))


@pytest.fixture(scope="session")
def ensemble(workspace: Workspace) -> Ensemble:
    from pianoroll_vae.desk.ensembles import load_ensemble

    return load_ensemble(workspace)
