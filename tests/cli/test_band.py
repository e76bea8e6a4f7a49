"""`vaemusic band` lists, shows and checks."""

import json
from pathlib import Path

import pytest

from pianoroll_vae.music.band import BANDS
from tests.conftest import Vaemusic


def test_bands_of_the_workspace_stand_beside_the_built_in_ones(vaemusic: Vaemusic, tmp_path: Path) -> None:
    vaemusic("init", tmp_path)
    file = tmp_path / "bands" / "mine.toml"
    file.parent.mkdir()
    shown = vaemusic("band", "show", "lpd5")
    assert shown.status == 0, shown.err
    file.write_text(shown.out)
    checked = vaemusic("band", "check", file)
    assert "led by the piano" in checked.out
    assert "24–31" in checked.out
    listed = json.loads(vaemusic("-w", tmp_path, "band", "list", "--json").out)
    assert [line["name"] for line in listed] == ["lpd5", "lpd17", "mine"]
    assert listed[-1]["instruments"] == listed[0]["instruments"]
    assert "mine" in vaemusic("-w", tmp_path, "band", "list").out
    assert vaemusic("-w", tmp_path, "band", "show", "mine").out == file.read_text()


@pytest.mark.parametrize("name", BANDS)
def test_a_shown_band_is_a_valid_file(vaemusic: Vaemusic, tmp_path: Path, name: str) -> None:
    (tmp_path / "copy.toml").write_text(vaemusic("band", "show", name).out)
    done = vaemusic("band", "check", tmp_path / "copy.toml")
    assert done.status == 0, done.err


def test_a_wrong_name_and_a_wrong_file_are_refused(vaemusic: Vaemusic, tmp_path: Path) -> None:
    assert "Did you mean 'lpd5'" in vaemusic("band", "show", "lpd6").err
    (tmp_path / "wrong.toml").write_text('lead = "piano"\n')
    done = vaemusic("band", "check", tmp_path / "wrong.toml")
    assert done.status == 1
    assert "instruments" in done.err
