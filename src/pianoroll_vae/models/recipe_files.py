"""Recipes of a workspace: TOML files in its folder `recipes`, each with a built-in recipe and what differs from it."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pianoroll_vae.errors import FileUnreadable, SettingInvalid, suggest
from pianoroll_vae.models.recipe import RECIPES, UNUSED_FIELDS, Recipe, find_recipe, recipe_from_json
from pianoroll_vae.paths import list_folder
from pianoroll_vae.schema import SchemaError

FOLDER = "recipes"
MAX_BYTES = 1 << 16
FIXED = ("name", "family", "genres", "default_genres")
"""Not for the file: its name is the recipe's, the base has the family, and the training songs the genres."""


def recipe_paths(root: Path | None) -> dict[str, Path]:
    """The recipe files of a workspace, by name."""
    return {path.stem: path for path in list_folder(root / FOLDER, "*.toml")} if root else {}


def recipe_named(name: str, root: Path | None) -> Recipe:
    """A built-in recipe, or one of the workspace's files."""
    paths = recipe_paths(root)
    if name in paths:
        return read_recipe(paths[name])
    if name not in RECIPES and paths:
        raise SettingInvalid(f"There is no recipe '{name}'.", suggest(name, [*RECIPES, *paths]))
    return find_recipe(name)


def read_recipe(path: Path) -> Recipe:
    """The recipe in a file; an error names the first field that is wrong."""
    values = _read(path)
    if path.stem in RECIPES:
        raise SettingInvalid(f"{path}: '{path.stem}' is a built-in recipe.", "Give the file another name.")
    base_name = values.pop("base", None)
    if not isinstance(base_name, str):
        raise SettingInvalid(f"{path} does not name the recipe that it is based on.", 'Add a line: base = "thesis"')
    base = find_recipe(base_name).to_json()
    known = [key for key in base if key not in FIXED]
    unknown = next((key for key in values if key not in known), None)
    if unknown is not None:
        raise SettingInvalid(f"{path} has an unknown field '{unknown}'.", suggest(unknown, known))
    merged = {
        key: {**base[key], **value} if isinstance(base[key], Mapping) and isinstance(value, Mapping) else value
        for key, value in values.items()
    }
    try:
        recipe = recipe_from_json({**base, **merged, "name": path.stem})
    except SchemaError as wrong:
        name = wrong.name.removeprefix("recipe.")
        if wrong.known:
            hint = suggest(name.rpartition(".")[2], wrong.known)
            raise SettingInvalid(f"{path} has an unknown field '{name}'.", hint) from None
        hint = f"Correct it; the base has its own: vaemusic recipe show {base_name}"
        raise SettingInvalid(f"{path}: {str(wrong).removeprefix('recipe.')}.".replace("'recipe.", "'"), hint) from None
    for (name, before), (_, after) in zip(_flat(base), _flat(recipe.to_json()), strict=True):
        if before != after and _is_unused(name, recipe):
            raise SettingInvalid(
                f"{path}: '{name}' is not used by recipes of the family {recipe.family}.",
                f"Leave it out; the fields of the family: vaemusic recipe show {base_name}",
            )
    return recipe


def to_toml(recipe: Recipe) -> str:
    """All fields that a recipe's family uses, as a recipe file may have them."""
    fields = {
        name: {key: v for key, v in value.items() if not _is_unused(f"{name}.{key}", recipe)}
        if isinstance(value, Mapping)
        else value
        for name, value in recipe.to_json().items()
        if name not in FIXED and not _is_unused(name, recipe)
    }
    plain = [f"{name} = {_toml(value)}" for name, value in fields.items() if not isinstance(value, Mapping)]
    tables = [(name, table) for name, table in fields.items() if isinstance(table, Mapping)]
    parts = [f"\n[{name}]\n" + "\n".join(f"{key} = {_toml(v)}" for key, v in table.items()) for name, table in tables]
    base = recipe.name if recipe.name in RECIPES else recipe.family
    return "\n".join([f'base = "{base}"', *plain, *parts]) + "\n"


def differences(recipe: Recipe) -> list[tuple[str, Any, Any]]:
    """Name, value in the first recipe of the family, and value here, of each field that differs."""
    base, own = find_recipe(recipe.family).to_json(), recipe.to_json()
    return [
        (name, before, after)
        for (name, before), (_, after) in zip(_flat(base), _flat(own), strict=True)
        if before != after and name not in FIXED
    ]


def _is_unused(name: str, recipe: Recipe) -> bool:
    """Whether the recipe's family does not read a field, or its table."""
    return not UNUSED_FIELDS[recipe.family].isdisjoint({name, name.partition(".")[0]})


def _flat(values: Mapping[str, Any]) -> list[tuple[str, Any]]:
    flat: list[tuple[str, Any]] = []
    for name, value in values.items():
        flat += [(f"{name}.{key}", v) for key, v in value.items()] if isinstance(value, Mapping) else [(name, value)]
    return flat


def _toml(value: Any) -> str:
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_toml, value))}]"
    return str(value).lower() if isinstance(value, bool) else f'"{value}"' if isinstance(value, str) else repr(value)


def _read(path: Path) -> dict[str, Any]:
    try:
        content = path.read_bytes()
        if len(content) > MAX_BYTES:
            raise SettingInvalid(f"{path} has {len(content):,} bytes.", f"A recipe has at most {MAX_BYTES:,}.")
        return tomllib.loads(content.decode())
    except OSError as reason:
        raise FileUnreadable(f"Cannot read {path}: {reason.strerror}.", "Name a recipe file that exists.") from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as reason:
        raise SettingInvalid(f"{path} is no TOML file: {reason}.", "Correct it.") from None
