"""Lists, shows and checks recipes: the built-in ones, and the files of a workspace."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pianoroll_vae.errors import VaemusicError, read_each
from pianoroll_vae.models.recipe import RECIPES, Recipe
from pianoroll_vae.models.recipe_files import differences, read_recipe, recipe_named, recipe_paths, to_toml
from pianoroll_vae.workspace import Workspace


@dataclass(frozen=True)
class RecipeLine:
    """A recipe, and where it is from."""

    recipe: Recipe
    source: str

    @property
    def differs(self) -> str:
        """The fields that differ from the first recipe of its family, with their values."""
        return ", ".join(f"{name} {after}" for name, _, after in differences(self.recipe)) or "–"

    def as_dict(self) -> dict[str, Any]:
        return {"source": self.source, **self.recipe.to_json()}


def list_recipes(workspace: Workspace | None) -> tuple[list[RecipeLine], list[tuple[Path, VaemusicError]]]:
    """The built-in recipes, then those of the workspace; and its files that are no valid recipes, with their errors."""
    own, broken = read_each(read_recipe, recipe_paths(workspace.root if workspace else None).values())
    lines = [RecipeLine(recipe, "built in") for recipe in RECIPES.values()]
    return lines + [RecipeLine(recipe, str(path)) for path, recipe in own], broken


def show(workspace: Workspace | None, name: str) -> str:
    """All fields of a recipe as TOML."""
    return to_toml(recipe_named(name, workspace.root if workspace else None))


def check(path: Path) -> RecipeLine:
    """The recipe in a file, whose every field is valid."""
    return RecipeLine(read_recipe(path), str(path))
