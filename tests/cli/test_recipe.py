"""`vaemusic recipe` lists, shows and checks."""

import json
from pathlib import Path

import pytest

from tests.conftest import Vaemusic


def test_recipes_of_the_workspace_stand_beside_the_built_in_ones(vaemusic: Vaemusic, tmp_path: Path) -> None:
    vaemusic("init", tmp_path)
    file = tmp_path / "recipes" / "mine.toml"
    file.parent.mkdir()
    shown = vaemusic("recipe", "show", "thesis")
    assert shown.status == 0, shown.err
    file.write_text(shown.out.replace("latent_size = 16", "latent_size = 8"))
    checked = vaemusic("recipe", "check", file)
    assert "latent_size 8" in checked.out
    listed = json.loads(vaemusic("-w", tmp_path, "recipe", "list", "--json").out)
    assert [line["name"] for line in listed][-1] == "mine"
    assert listed[-1]["latent_size"] == 8
    assert "mine" in vaemusic("-w", tmp_path, "recipe", "list").out
    assert vaemusic("-w", tmp_path, "recipe", "show", "mine").out == file.read_text()


def test_a_wrong_file_is_refused(vaemusic: Vaemusic, tmp_path: Path) -> None:
    file = tmp_path / "wrong.toml"
    file.write_text('base = "thesis"\nlatent_size = -1\n')
    done = vaemusic("recipe", "check", file)
    assert done.status == 1
    assert "latent_size" in done.err


@pytest.mark.parametrize("kind", ["recipe", "band"])
def test_a_broken_file_is_named_beside_those_that_are_listed(vaemusic: Vaemusic, tmp_path: Path, kind: str) -> None:
    vaemusic("init", tmp_path)
    file = tmp_path / f"{kind}s" / "bad.toml"
    file.parent.mkdir()
    file.write_text("lead = ")
    valid = vaemusic(kind, "show", {"recipe": "thesis", "band": "lpd5"}[kind]).out
    file.with_name("good.toml").write_text(valid)
    done = vaemusic("-w", tmp_path, kind, "list")
    assert done.status == 0
    assert "good" in done.out
    assert "bad.toml is no TOML file" in done.err
    good, bad = json.loads(vaemusic("-w", tmp_path, kind, "list", "--json").out)[-2:]
    assert good["name"] == "good"
    assert bad["name"] == "bad"
    assert "no TOML file" in bad["error"]
