"""Settings come from defaults, the file and flags, in that order, and a wrong one is named."""

import re
from pathlib import Path

import pytest

from pianoroll_vae.config import TEMPLATE, Config, FilterSettings, load, remember, with_flags
from pianoroll_vae.errors import SettingInvalid
from pianoroll_vae.workspace import CONFIG_FILE


def workspace_with(folder: Path, text: str) -> Path:
    (folder / CONFIG_FILE).write_text(text)
    return folder


def test_the_template_changes_no_default(tmp_path: Path) -> None:
    assert load(workspace_with(tmp_path, TEMPLATE)) == Config()


def test_every_setting_stands_in_the_template_and_loads_when_uncommented(tmp_path: Path) -> None:
    body = TEMPLATE.split("\n\n", 1)[1]
    uncommented = re.sub(r"^# (\w+ = )", r"\1", body, flags=re.MULTILINE)
    config = load(workspace_with(tmp_path, uncommented))
    assert config.folders.lpd == "lpd_5_cleansed"
    assert config.filter.genre == ("blues", "rock")
    for section in (config, config.folders, config.filter, config.preprocess, config.train, config.generate):
        for name in section.__dataclass_fields__:
            assert re.search(rf"^(# )?{name} = |^\[{name}\]", TEMPLATE, re.MULTILINE), f"{name} is not in the template"


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("[train]\nepoch = 3", "unknown key 'train.epoch'", "epochs"),
        ("recipes = 'x'", "unknown key 'recipes'", "recipe"),
        ("[train]\nepochs = 'many'", "'train.epochs' is 'many'", "whole number"),
        ("[train]\nepochs = true", "'train.epochs' is True", "whole number"),
        ("[generate]\nnoise = 'loud'", "'generate.noise'", "a number"),
        ("[filter]\nmatch = 'like'", "'filter.match'", "equals"),
        ("[filter]\ngenre = 'blues'", "'filter.genre'", "a list"),
        ("train = 1", "'train' is a section", "[train]"),
        ("[train]\nepochs = 0", "'train.epochs' is 0", "1 or more"),
        ("[generate]\nnoise = nan", "'generate.noise' is nan", "0 or more"),
        ("[filter]\nmin_weight = 2", "'filter.min_weight' is 2.0", "from 0 to 1"),
        ("[preprocess]\nworkers = -1", "'preprocess.workers' is -1", "0 or more"),
        ("[train\n", "Cannot read", "vaemusic init"),
    ],
)
def test_a_wrong_setting_is_named_with_a_hint(tmp_path: Path, text: str, message: str, hint: str) -> None:
    with pytest.raises(SettingInvalid) as wrong:
        load(workspace_with(tmp_path, text))
    assert message in wrong.value.message
    assert hint in f"{wrong.value.message} {wrong.value.hint}"
    assert wrong.value.hint


def test_a_whole_number_serves_as_a_number(tmp_path: Path) -> None:
    assert load(workspace_with(tmp_path, "[generate]\nnoise = 1")).generate.noise == 1.0


def test_a_flag_wins_over_the_file_and_an_absent_flag_does_not() -> None:
    assert with_flags(FilterSettings(limit=3, seed=1), limit=5, seed=None) == FilterSettings(limit=5, seed=1)


def test_remembered_folders_keep_every_other_line(tmp_path: Path) -> None:
    root = workspace_with(tmp_path, TEMPLATE)
    remember(root, "folders", {"lpd": 'odd "name" \\ here'})
    remember(root, "folders", {"lpd": "later", "msd": 'odd "name" \\ here'})
    folders = load(root).folders
    assert (folders.lpd, folders.msd) == ("later", 'odd "name" \\ here')
    kept = (root / CONFIG_FILE).read_text().splitlines()
    assert len(kept) == len(TEMPLATE.splitlines())


def test_folders_are_remembered_in_a_file_without_that_section(tmp_path: Path) -> None:
    root = workspace_with(tmp_path, "[train]\nepochs = 3\n")
    remember(root, "folders", {"lpd": "x"})
    assert load(root).folders.lpd == "x"
    assert load(root).train.epochs == 3
