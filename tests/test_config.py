"""Settings come from defaults, the file and flags, in that order, and a wrong one is named."""

import math
import re
from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pianoroll_vae.config import (
    TEMPLATE,
    Config,
    FilterSettings,
    FolderSettings,
    GenerateSettings,
    PreprocessSettings,
    TrainSettings,
    load,
    remember,
    with_flags,
)
from pianoroll_vae.errors import SettingInvalid
from pianoroll_vae.schema import SchemaError, build
from pianoroll_vae.workspace import CONFIG_FILE
from tests.wrong_values import CHARACTERS

SECTIONS: dict[type, str] = {
    Config: "",
    FolderSettings: "folders",
    FilterSettings: "filter",
    PreprocessSettings: "preprocess",
    TrainSettings: "train",
    GenerateSettings: "generate",
}


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
        ("[train]\nepochs = 0", "'train.epochs' is 0", "from 1 to 1,000,000,000"),
        ("[generate]\nnoise = nan", "'generate.noise' is nan", "from 0 to 1,000"),
        ("[filter]\nmin_weight = 2", "'filter.min_weight' is 2.0", "from 0 to 1"),
        ("[preprocess]\nworkers = -1", "'preprocess.workers' is -1", "from 0 to 256"),
        ("[preprocess]\nworkers = 1000000", "'preprocess.workers' is 1000000", "from 0 to 256"),
        ("[filter]\nseed = 9223372036854775808", "'filter.seed' is 9223372036854775808", "64 bits"),
        pytest.param(f"[train]\nseed = {'9' * 5000}", "Cannot read", "Correct the file", id="5000 digits"),
        pytest.param(f"recipe = {'[' * 20_000}", "nested too deeply", "Correct the file", id="nested"),
        pytest.param(f"recipe = '{'x' * 2_000_000}'", "larger than 1,048,576 bytes", "Correct", id="large"),
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


@pytest.mark.parametrize("workers", [-1, 1_000_000, 10**30])
def test_a_flag_has_the_bounds_of_the_file(workers: int) -> None:
    with pytest.raises(SettingInvalid, match=f"--workers is {workers}") as wrong:
        with_flags(PreprocessSettings(), workers=workers)
    assert wrong.value.hint.startswith("It must be ")


TEXTS = st.text(CHARACTERS, max_size=8)
VALUES = st.recursive(
    TEXTS | st.booleans() | st.floats() | st.integers(-(2**70), 2**70),
    lambda each: st.lists(each, max_size=3) | st.dictionaries(TEXTS, each, max_size=2),
)


@given(st.sampled_from(list(SECTIONS)), st.data())
def test_any_value_is_a_setting_or_one_message(section: type, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from([field.name for field in fields(section)] + ["other"]))
    values = {SECTIONS[section]: {name: data.draw(VALUES)}} if SECTIONS[section] else {name: data.draw(VALUES)}
    try:
        config = build(Config, values)
    except SchemaError as wrong:
        assert name in wrong.name and wrong.valid
        return
    settings = getattr(config, SECTIONS[section]) if SECTIONS[section] else config
    value, default = getattr(settings, name), getattr(section(), name)
    assert value is None or default is None or type(value) is type(default)
    assert not isinstance(value, float) or math.isfinite(value)


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
