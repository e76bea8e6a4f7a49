"""The shell completes names."""

from pathlib import Path

import pytest

from pianoroll_vae.cli.completion import complete_genre, complete_instrument, complete_model, complete_recipe
from tests.conftest import Vaemusic


def test_names_are_completed_from_their_beginning(
    vaemusic: Vaemusic, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vaemusic("init", tmp_path)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "recipes").mkdir()
    (tmp_path / "recipes" / "thesis-mine.toml").write_text("")
    (tmp_path / "models" / "slow" / "vae").mkdir(parents=True)
    (tmp_path / "models" / "slow" / "vae" / "best.safetensors").write_text("")
    assert complete_recipe("thesis-m") == ["thesis-mine"]
    assert complete_model("") == ["slow"]
    assert complete_instrument("dr") == ["drums"]
    assert complete_instrument("bass,gu") == ["bass,guitar"]
    assert complete_genre("blues,ja") == ["blues,jazz"]


def test_without_a_workspace_there_are_no_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert complete_model("") == []
    assert "arranger" in complete_recipe("")
