"""The settings of each stage: a default, overridden by vaemusic.toml, overridden by a command-line option.

None means the recipe's value. Each field has a type and may have bounds, which are checked when the file is loaded.
"""

import math
import re
import tomllib
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args, get_origin

from pianoroll_vae.errors import SettingInvalid, suggest
from pianoroll_vae.workspace import CONFIG_FILE, write_text

DEFAULT_RECIPE = "arranger"

_FROM_0, _FROM_1 = {"min": 0}, {"min": 1}


@dataclass(frozen=True)
class FolderSettings:
    """The folders of the collections; saved whenever a command names them."""

    lpd: str | None = None
    msd: str | None = None
    genres: str | None = None


@dataclass(frozen=True)
class FilterSettings:
    """How `filter` selects songs."""

    genre: tuple[str, ...] = ()
    match: Literal["equals", "contains"] = "equals"
    min_weight: float = field(default=0.0, metadata={"min": 0, "max": 1})
    exclude: tuple[str, ...] = ()
    source: tuple[str, ...] = ()
    limit: int | None = field(default=None, metadata=_FROM_1)
    seed: int = field(default=0, metadata=_FROM_0)


@dataclass(frozen=True)
class PreprocessSettings:
    """How `preprocess` makes a dataset of the songs."""

    steps_per_beat: int | None = field(default=None, metadata=_FROM_1)
    segment_beats: int | None = field(default=None, metadata=_FROM_1)
    absent: Literal["silence", "drop"] | None = None
    rounding: Literal["touched", "nearest"] | None = None
    workers: int | None = field(default=None, metadata=_FROM_0)
    seed: int = field(default=0, metadata=_FROM_0)


@dataclass(frozen=True)
class TrainSettings:
    """How `train` trains networks."""

    epochs: int | None = field(default=None, metadata=_FROM_1)
    batch_size: int | None = field(default=None, metadata=_FROM_1)
    device: str = "auto"
    patience: int | None = field(default=None, metadata=_FROM_1)
    seed: int | None = field(default=None, metadata=_FROM_0)


@dataclass(frozen=True)
class GenerateSettings:
    """How `generate` writes songs."""

    steps: int = field(default=40, metadata=_FROM_1)
    noise: float = field(default=1.0, metadata=_FROM_0)
    threshold: float | None = None
    tempo: float | None = None
    primer: str = "auto"
    seed: int | None = field(default=None, metadata=_FROM_0)


@dataclass(frozen=True)
class Config:
    """The content of vaemusic.toml."""

    recipe: str = DEFAULT_RECIPE
    band: str = "lpd5"
    folders: FolderSettings = field(default_factory=FolderSettings)
    filter: FilterSettings = field(default_factory=FilterSettings)
    preprocess: PreprocessSettings = field(default_factory=PreprocessSettings)
    train: TrainSettings = field(default_factory=TrainSettings)
    generate: GenerateSettings = field(default_factory=GenerateSettings)


Settings = TypeVar("Settings")

TEMPLATE = f"""\
# The settings of a vaemusic workspace. Lines that begin with '#' show defaults; remove the '#' to change one.
# Options on the command line override this file.

# recipe = "{DEFAULT_RECIPE}"        # networks and grid (vaemusic train --help)
# band = "lpd5"           # lpd5: piano, guitar, bass, strings, drums; lpd17: all families of General MIDI

[folders]                 # saved when a command names them
# lpd = "lpd_5_cleansed"  # the Lakh Pianoroll Dataset
# msd = "msd/data"        # the Million Song Dataset
# genres = "genre_labels" # other sources of genres

[filter]
# genre = ["blues", "rock"]
# match = "equals"        # or "contains"
# min_weight = 0.0        # least weight of a matching term, 0 to 1
# exclude = []            # genres to leave out
# source = []             # sources of genres; empty: the fastest one
# limit = 1000            # draw this many songs
# seed = 0

[preprocess]              # defaults are the recipe's
# steps_per_beat = 2
# segment_beats = 16
# absent = "silence"      # or "drop": songs that lack an instrument
# rounding = "touched"    # or "nearest": how the end of a note is rounded to a step
# workers = 2             # worker processes, 0 or more; default: one per core
# seed = 0                # of the split into train, valid and test

[train]
# epochs = 25
# batch_size = 32
# device = "auto"         # or cpu, cuda, mps
# patience = 5            # stop after this many epochs without a lower held-out loss
# seed = 0

[generate]
# steps = 40              # phrases of 16 beats
# noise = 1.0             # 0 to 1000
# threshold = 0.3         # above 0, at most 1
# tempo = 120.0           # beats per minute, 4 to 1000; default: the primer's
# primer = "auto"         # none, random, a track id, an md5, a MIDI file; auto: none where the band needs none
# seed = 0                # 0 or more; default: drawn, and shown
"""


def load(root: Path) -> Config:
    """The settings of a workspace."""
    path = root / CONFIG_FILE
    try:
        text = path.read_text(encoding="utf-8")
        values = tomllib.loads(text)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as reason:
        raise SettingInvalid(
            f"Cannot read {path}: {reason}.", "Correct the file, or remove it and run: vaemusic init."
        ) from None
    return _build(Config, values, where="")


def with_flags(settings: Settings, **flags: Any) -> Settings:
    """The settings, overridden by the options that are not None."""
    given = {name: value for name, value in flags.items() if value is not None}
    return replace(settings, **given)  # type: ignore[type-var]


def remember(root: Path, section: str, values: Mapping[str, str]) -> None:
    """Write text values into a section of vaemusic.toml; all other lines, comments too, are kept."""
    path = root / CONFIG_FILE
    lines = path.read_text(encoding="utf-8").splitlines()
    header = re.compile(rf"\s*\[{re.escape(section)}\]")
    begin = next((i for i, line in enumerate(lines) if header.match(line)), None)
    if begin is None:
        lines += ["", f"[{section}]"]
        begin = len(lines) - 1
    for key, value in values.items():
        end = next((i for i in range(begin + 1, len(lines)) if lines[i].lstrip().startswith("[")), len(lines))
        entry = f"{key} = {_toml_text(value)}"
        matches = [i for i in range(begin + 1, end) if re.match(rf"#?\s*{re.escape(key)}\s*=", lines[i].lstrip())]
        active = [i for i in matches if not lines[i].lstrip().startswith("#")]
        if matches:
            lines[(active or matches)[0]] = entry
        else:
            lines.insert(begin + 1, entry)
    write_text(path, "\n".join(lines) + "\n")


def _toml_text(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in escaped) + '"'


def _build(shape: type[Settings], values: Mapping[str, Any], where: str) -> Settings:
    """A settings dataclass from a TOML table; unknown keys and values of a wrong type are errors."""
    hints = typing.get_type_hints(shape)
    bounds = {f.name: f.metadata for f in fields(shape)}  # type: ignore[arg-type]
    names = list(bounds)
    checked = {}
    for key, value in values.items():
        full = f"{where}{key}"
        if key not in names:
            raise SettingInvalid(f"{CONFIG_FILE} has an unknown key '{full}'.", suggest(key, names))
        if isinstance(hints[key], type) and hasattr(hints[key], "__dataclass_fields__"):
            if not isinstance(value, dict):
                raise SettingInvalid(
                    f"{CONFIG_FILE}: '{full}' is a section, not a value.", f"Write [{full}] on a line of its own."
                )
            checked[key] = _build(hints[key], value, where=f"{full}.")
        else:
            checked[key] = _check_type(hints[key], value, full)
            _check_bounds(bounds[key], checked[key], full)
    return shape(**checked)


def _check_bounds(bounds: Mapping[str, Any], value: Any, name: str) -> None:
    """Raise an error if a value is outside its bounds; nan is outside of all."""
    minimum, maximum = bounds.get("min", -math.inf), bounds.get("max", math.inf)
    if bounds and not minimum <= value <= maximum:
        valid = f"from {minimum} to {maximum}" if "max" in bounds else f"{minimum} or more"
        raise SettingInvalid(
            f"{CONFIG_FILE}: '{name}' is {value!r}; it must be {valid}.", f"Correct it in {CONFIG_FILE}."
        )


def _check_type(hint: Any, value: Any, name: str) -> Any:
    """The value converted to the type of its setting: int to float, list to tuple."""
    options = [option for option in get_args(hint) if option is not types.NoneType]
    if get_origin(hint) in (types.UnionType, typing.Union):  # "… | None": the type beside None
        return _check_type(options[0], value, name)
    if get_origin(hint) is Literal:
        if value in get_args(hint):
            return value
        valid = f"one of {', '.join(get_args(hint))}"
    elif get_origin(hint) is tuple:
        if isinstance(value, list) and all(isinstance(item, str) for item in value):
            return tuple(value)
        valid = 'a list of texts, like ["blues", "rock"]'
    elif hint is float:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return float(value)
        valid = "a number"
    else:
        if isinstance(value, hint) and not (hint is int and isinstance(value, bool)):
            return value
        valid = {int: "a whole number", str: "a text in quotes"}[hint]
    raise SettingInvalid(f"{CONFIG_FILE}: '{name}' is {value!r}; it must be {valid}.", f"Correct it in {CONFIG_FILE}.")
