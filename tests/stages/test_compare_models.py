"""Models are compared in one table, which says where a figure does not apply."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from pianoroll_vae.desk.evaluation_songs import EvaluateOptions
from pianoroll_vae.errors import ArtifactMissing, NothingFound, SettingInvalid
from pianoroll_vae.progress import SilentWatch
from pianoroll_vae.stages import export
from pianoroll_vae.stages.compare_models import ModelComparison, run
from pianoroll_vae.workspace import DATASET, Workspace
from tests.conftest import Vaemusic
from tests.small_thesis import small_thesis_workspace
from tests.thesis_dataset import thesis_dataset

OPTIONS = EvaluateOptions(count=5, steps=2, primer_bars=0)

pytestmark = pytest.mark.usefixtures("few_trees")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A workspace with a dataset, and beside it the band exported."""
    root = tmp_path_factory.mktemp("models")
    home = small_thesis_workspace(root / "home")
    thesis_dataset(home.path(DATASET), songs=50)
    export.run(home, root / "exported")
    return home


@pytest.fixture(scope="module")
def comparison(home: Workspace) -> ModelComparison:
    plot = home.root / "models.png"
    return run(home, [".", str(home.root.parent / "exported")], OPTIONS, plot, SilentWatch())


def test_a_row_for_each_model_with_recipe_speed_and_size(comparison: ModelComparison) -> None:
    here, exported = comparison.models
    assert here.family == "thesis"
    assert here.recipe == exported.recipe == "small"
    assert here.parameters == exported.parameters > 0
    assert here.size > exported.size > 0, "exported bands have 8 bits"
    assert all(model.bars_per_second > 0 for model in comparison.models)
    assert all(0 <= model.auc <= 1 and 0 <= model.overlap <= 1 for model in comparison.models)
    assert here.f1 is not None


def test_what_does_not_apply_is_empty_and_explained(comparison: ModelComparison) -> None:
    assert [model.bound for model in comparison.models] == [None] * 2
    assert any("no held-out bound: not recorded" in note for note in comparison.notes)


def test_a_test_of_few_songs_is_said_to_be_invalid(comparison: ModelComparison) -> None:
    assert "not valid here: the smallest set has 5 songs" in comparison.as_dict()["notes"][-1]


def test_bounds_of_different_datasets_are_not_compared_silently(comparison: ModelComparison) -> None:
    models = [
        replace(model, bound=60.0 + n, bound_unit="nats a roll", dataset=name)
        for n, (model, name) in enumerate(zip(comparison.models, "ab", strict=True))
    ]
    assert "same dataset" in replace(comparison, models=tuple(models)).notes[-2]
    assert not any("same dataset" in note for note in replace(comparison, models=(models[0], models[0])).notes)


def test_a_picture_and_json_have_the_same_figures(comparison: ModelComparison) -> None:
    assert comparison.picture is not None
    assert comparison.picture.read_bytes().startswith(b"\x89PNG")
    assert json.loads(json.dumps(comparison.as_dict()))["models"][0]["auc"] == comparison.models[0].auc


def test_wrong_models_are_named(home: Workspace, tmp_path: Path) -> None:
    with pytest.raises(NothingFound, match="no trained model 'bundeld'") as missing:
        run(home, ["bundeld"], OPTIONS, None, SilentWatch())
    assert "'bundled'" in missing.value.hint
    with pytest.raises(SettingInvalid, match="twice"):
        run(home, [".", "."], OPTIONS, None, SilentWatch())
    (tmp_path / "vaemusic.toml").touch()
    with pytest.raises(ArtifactMissing, match="Nothing is trained") as untrained:
        run(home, [str(tmp_path)], OPTIONS, None, SilentWatch())
    assert "train vae" in untrained.value.hint


def test_without_real_songs_the_hint_names_a_dataset() -> None:
    with pytest.raises(NothingFound, match="no real songs") as refusal:
        run(None, ["bundled"], EvaluateOptions(), None, SilentWatch())
    assert "--against workspace/dataset.h5" in refusal.value.hint


def test_the_command_prints_one_table(home: Workspace, vaemusic: Vaemusic, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    words = ("--count", "5", "--steps", "2")
    done = vaemusic("-w", home.root, "compare-models", ".", *words)
    assert done.status == 0, done.err
    assert all(column in done.out for column in ("held-out bound", "F1", "overlap", "AUC", "drop-out", "bars/s", "MB"))
    assert "no held-out bound" in done.out
