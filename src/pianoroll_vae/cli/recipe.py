"""`vaemusic recipe list`, `show` and `check`."""

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from pianoroll_vae.cli.completion import complete_recipe
from pianoroll_vae.cli.context import show_list, with_quiet, workspace_if_any
from pianoroll_vae.cli.plain_help import PlainTyper
from pianoroll_vae.cli.song_options import JsonOption
from pianoroll_vae.console import Table, print_line, print_text

recipe = PlainTyper(
    help="Recipes: what a model is and how it is trained. A file recipes/NAME.toml in the workspace is one, too: a "
    'line base = "thesis", then the fields that differ.'
)


@recipe.command("list")
@partial(with_quiet, prints=True)
def list_recipes(ctx: typer.Context, as_json: JsonOption = False) -> None:
    """List the built-in recipes and those of the workspace. A file that is no valid recipe is named with its error.

    Example: [bold]vaemusic recipe list[/]
    """
    from pianoroll_vae.stages import recipe as stage

    lines, broken = stage.list_recipes(workspace_if_any(ctx))
    rows = [(line.recipe.name, line.recipe.family, line.source, line.differs) for line in lines]
    table = Table("", ("recipe", "family", "from", "differs from the family's first one by"), rows)
    show_list(table, [line.as_dict() for line in lines], broken, as_json)


@recipe.command()
@partial(with_quiet, prints=True)
def show(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="A recipe, such as thesis.", autocompletion=complete_recipe)],
) -> None:
    """Print all fields of a recipe as TOML, to be copied into a file of your own.

    Example: [bold]vaemusic recipe show thesis > recipes/mine.toml[/]
    """
    from pianoroll_vae.stages import recipe as stage

    print_text(stage.show(workspace_if_any(ctx), name).rstrip())


@recipe.command()
@partial(with_quiet, prints=True)
def check(path: Annotated[Path, typer.Argument(metavar="FILE", help="A recipe file.")]) -> None:
    """Check every field of a recipe file, and show what differs from the family's first recipe.

    Example: [bold]vaemusic recipe check recipes/mine.toml[/]
    """
    from pianoroll_vae.stages import recipe as stage

    line = stage.check(path)
    print_line(f"{path} is a valid recipe of the family {line.recipe.family}; it differs by: {line.differs}")
