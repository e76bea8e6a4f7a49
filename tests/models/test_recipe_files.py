"""A recipe file is a built-in recipe and what differs; whatever is wrong in it is named."""

import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from pianoroll_vae.errors import FileUnreadable, SettingInvalid
from pianoroll_vae.models.recipe import RECIPES, UNUSED_FIELDS, find_recipe
from pianoroll_vae.models.recipe_files import FOLDER, differences, read_recipe, recipe_named, recipe_paths, to_toml


def recipe_file(root: Path, text: str, name: str = "mine") -> Path:
    path = root / FOLDER / f"{name}.toml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    return path


def test_a_file_changes_fields_of_its_base(tmp_path: Path) -> None:
    path = recipe_file(tmp_path, 'base = "thesis-ae"\nlatent_size = 8\n[vae]\nepochs = 3\nchannels = [8, 16, 32]\n')
    base = find_recipe("thesis-ae")
    vae = replace(base.vae, epochs=3, channels=(8, 16, 32))
    assert read_recipe(path) == replace(base, name="mine", latent_size=8, vae=vae)
    assert recipe_named("mine", tmp_path) == read_recipe(path)
    assert ("latent_size", 16, 8) in differences(read_recipe(path))


@pytest.mark.parametrize("name", RECIPES)
def test_what_show_prints_is_the_recipe(name: str, tmp_path: Path) -> None:
    shown = to_toml(RECIPES[name])
    assert tomllib.loads(shown)["base"] == name
    assert read_recipe(recipe_file(tmp_path, shown)) == replace(RECIPES[name], name="mine")


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("latent_size = 8", "does not name the recipe", 'base = "thesis"'),
        ('base = "thesiss"', "no recipe 'thesiss'", "Did you mean 'thesis'"),
        ('base = "thesis"\nlatent_sise = 8', "unknown field 'latent_sise'", "Did you mean 'latent_size'"),
        ('base = "thesis"\n[vae]\nepoch = 8', "unknown field 'vae.epoch'", "Did you mean 'epochs'"),
        ('base = "thesis"\nlatent_size = 0', "'latent_size' is 0; it must be from 1", "vaemusic recipe show thesis"),
        ('base = "thesis"\n[vae]\nbeta = "1"', "'vae.beta' is '1'; it must be a number", "recipe show thesis"),
        ('base = "thesis"\nvae = 3', "'vae' is 3; it must be a table", "recipe show thesis"),
        ('base = "thesis"\n[vae]\nchannels = [8]', "mine.toml: the kernels of the VAE", "recipe show thesis"),
        (
            'base = "arranger"\n[arranger]\nwidth = 30',
            "mine.toml: width 30 is no multiple of 8",
            "recipe show arranger",
        ),
        ('base = "arranger"\n[arranger]\ncontext_tokens = 3', "'arranger.context_tokens' is 3; it must be from 64", ""),
        *(
            (f'base = "thesis"\n[{part}]\nepochs = 0', f"'{part}.epochs' is 0; it must be from 1", "recipe show thesis")
            for part in ("vae", "latents", "bar_vae")
        ),
        ('base = "thesis"\nname = "x"', "unknown field 'name'", "Did you mean 'vae'"),
        ("base = ", "is no TOML file", "Correct it"),
        ("# " + "x" * 70_000, "bytes", "at most"),
    ],
)
def test_what_is_wrong_is_named(text: str, message: str, hint: str, tmp_path: Path) -> None:
    with pytest.raises(SettingInvalid) as caught:
        read_recipe(recipe_file(tmp_path, text))
    assert message in caught.value.message
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    ("base", "line", "field"),
    [
        ("thesis-ae", "[arranger]\ncontext_tokens = 256", "arranger.context_tokens"),
        ("thesis", "[vae]\nnote_corruption = 0.1", "vae.note_corruption"),
        ("arranger", "threshold = 0.5", "threshold"),
        ("arranger", "[latents]\nmemory = 8", "latents.memory"),
    ],
)
def test_fields_of_another_family_are_neither_shown_nor_changed(
    base: str, line: str, field: str, tmp_path: Path
) -> None:
    table, _, name = field.rpartition(".")
    shown = tomllib.loads(to_toml(RECIPES[base]))
    assert name not in (shown.get(table, {}) if table else shown)
    with pytest.raises(SettingInvalid, match=f"'{field}' is not used") as caught:
        read_recipe(recipe_file(tmp_path, f'base = "{base}"\n{line}'))
    assert f"recipe show {base}" in caught.value.hint


def test_unused_fields_are_fields() -> None:
    for family, unused in UNUSED_FIELDS.items():
        recipe = find_recipe(family).to_json()
        for field in unused:
            table, _, name = field.rpartition(".")
            assert name in (recipe[table] if table else recipe)


def test_a_file_cannot_have_the_name_of_a_built_in_recipe_or_be_missing(tmp_path: Path) -> None:
    with pytest.raises(SettingInvalid, match="built-in recipe"):
        read_recipe(recipe_file(tmp_path, 'base = "arranger"', "thesis"))
    with pytest.raises(FileUnreadable, match="Cannot read"):
        read_recipe(tmp_path / "none.toml")


def test_a_mistyped_name_is_compared_with_the_files_too(tmp_path: Path) -> None:
    recipe_file(tmp_path, 'base = "thesis"', "small-band")
    assert list(recipe_paths(tmp_path)) == ["small-band"]
    with pytest.raises(SettingInvalid) as caught:
        recipe_named("smal-band", tmp_path)
    assert "small-band" in caught.value.hint
