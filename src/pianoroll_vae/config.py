"""Settings: a frozen dataclass for each stage; its default, then vaemusic.toml, then the flag.

None means "as the recipe says". This module knows the names, types and bounds of settings and nothing of what they do.
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

_FROM_0, _FROM_1 = {"least": 0}, {"least": 1}


@dataclass(frozen=True)
class FolderSettings:
    """Where the collections lie; remembered from the last time they were named."""

    lpd: str | None = None
    msd: str | None = None
    genres: str | None = None


@dataclass(frozen=True)
class FilterSettings:
    """Which songs are chosen."""

    genre: tuple[str, ...] = ()
    match: Literal["equals", "contains"] = "equals"
    min_weight: float = field(default=0.0, metadata={"least": 0, "most": 1})
    exclude: tuple[str, ...] = ()
    source: tuple[str, ...] = ()
    limit: int | None = field(default=None, metadata=_FROM_1)
    seed: int = field(default=0, metadata=_FROM_0)


@dataclass(frozen=True)
class PreprocessSettings:
    """How songs become a dataset."""

    steps_per_beat: int | None = field(default=None, metadata=_FROM_1)
    segment_beats: int | None = field(default=None, metadata=_FROM_1)
    absent: Literal["silence", "drop"] | None = None
    rounding: Literal["touched", "nearest"] | None = None
    workers: int | None = field(default=None, metadata=_FROM_0)
    seed: int = field(default=0, metadata=_FROM_0)


@dataclass(frozen=True)
class TrainSettings:
    """How long, on what and how networks are trained."""

    epochs: int | None = field(default=None, metadata=_FROM_1)
    batch_size: int | None = field(default=None, metadata=_FROM_1)
    device: str = "auto"
    patience: int | None = field(default=None, metadata=_FROM_1)
    seed: int | None = field(default=None, metadata=_FROM_0)


@dataclass(frozen=True)
class GenerateSettings:
    """How songs are made."""

    steps: int = field(default=40, metadata=_FROM_1)
    noise: float = field(default=1.0, metadata=_FROM_0)
    threshold: float | None = None
    tempo: float | None = None
    primer: str = "random"
    seed: int | None = field(default=None, metadata=_FROM_0)


@dataclass(frozen=True)
class Config:
    """All of vaemusic.toml."""

    recipe: str = DEFAULT_RECIPE
    band: str = "lpd5"
    folders: FolderSettings = field(default_factory=FolderSettings)
    filter: FilterSettings = field(default_factory=FilterSettings)
    preprocess: PreprocessSettings = field(default_factory=PreprocessSettings)
    train: TrainSettings = field(default_factory=TrainSettings)
    generate: GenerateSettings = field(default_factory=GenerateSettings)


Settings = TypeVar("Settings")

TEMPLATE = f"""\
# A vaemusic workspace. Every line that begins with '#' shows a default; take the '#' away to change it.
# A flag on the command line wins over this file.

# recipe = "{DEFAULT_RECIPE}"        # which networks, on which grid (vaemusic train --help)
# band = "lpd5"           # lpd5: piano, guitar, bass, strings, drums; lpd17: all families of General MIDI

[folders]                 # remembered when a command names them
# lpd = "lpd_5_cleansed"  # the Lakh Pianoroll Dataset
# msd = "msd/data"        # the Million Song Dataset
# genres = "genre_labels" # other sources of genres

[filter]
# genre = ["blues", "rock"]
# match = "equals"        # or "contains"
# min_weight = 0.0        # how much of an artist a term must be, 0 to 1
# exclude = []            # genres that rule a song out
# source = []             # where genres come from; empty: the fastest that is there
# limit = 1000            # draw this many songs
# seed = 0

[preprocess]              # what is not set here comes from the recipe
# steps_per_beat = 2
# segment_beats = 16
# absent = "silence"      # or "drop": what becomes of songs that lack an instrument
# rounding = "touched"    # or "nearest": whether a note has every step it touches, or ends at the nearest
# workers = 2             # processes; all cores by default
# seed = 0                # of the split into train, valid and test

[train]
# epochs = 25
# batch_size = 32
# device = "auto"         # or cpu, cuda, mps
# patience = 5            # stop after so many epochs without a better held-out loss
# seed = 0

[generate]
# steps = 40              # phrases of 16 beats
# noise = 1.0
# threshold = 0.3
# tempo = 120.0           # the primer's by default
# primer = "random"       # or a track id, an md5, a MIDI file
# seed = 0                # drawn and shown by default
"""


def load(root: Path) -> Config:
    """The settings of a workspace."""
    path = root / CONFIG_FILE
    try:
        text = path.read_text(encoding="utf-8")
        values = tomllib.loads(text)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as reason:
        raise SettingInvalid(
            f"Cannot read {path}: {reason}.", "Mend the file, or make it new: vaemusic init."
        ) from None
    return _build(Config, values, where="")


def with_flags(settings: Settings, **flags: Any) -> Settings:
    """The settings with those flags that were given (are not None)."""
    given = {name: value for name, value in flags.items() if value is not None}
    return replace(settings, **given)  # type: ignore[type-var]


def remember(root: Path, section: str, values: Mapping[str, str]) -> None:
    """Write text values into a section of vaemusic.toml; every other line, comments too, stays as it is."""
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
        taken = [i for i in range(begin + 1, end) if re.match(rf"#?\s*{re.escape(key)}\s*=", lines[i].lstrip())]
        live = [i for i in taken if not lines[i].lstrip().startswith("#")]
        if live or taken:
            lines[(live or taken)[0]] = entry
        else:
            lines.insert(begin + 1, entry)
    write_text(path, "\n".join(lines) + "\n")


def _toml_text(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in escaped) + '"'


def _build(shape: type[Settings], values: Mapping[str, Any], where: str) -> Settings:
    """A settings dataclass from a TOML table; every key must exist and every value be of its type."""
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
                raise SettingInvalid(f"{CONFIG_FILE}: '{full}' is a section.", f"Write [{full}] on a line of its own.")
            checked[key] = _build(hints[key], value, where=f"{full}.")
        else:
            checked[key] = _typed(hints[key], value, full)
            _bounded(bounds[key], checked[key], full)
    return shape(**checked)


def _bounded(bounds: Mapping[str, Any], value: Any, name: str) -> None:
    """Refuses what lies out of the bounds of a setting, and what is no number (nan is within none)."""
    least, most = bounds.get("least", -math.inf), bounds.get("most", math.inf)
    if bounds and not least <= value <= most:
        until = f" to {most}" if "most" in bounds else ""
        raise SettingInvalid(
            f"{CONFIG_FILE}: '{name}' is {value!r}, which cannot be.", f"Give {least}{until or ' or more'}."
        )


def _typed(hint: Any, value: Any, name: str) -> Any:
    """The value as the type of its setting; a whole number is a float too, a list a tuple."""
    options = [option for option in get_args(hint) if option is not types.NoneType]
    if get_origin(hint) in (types.UnionType, typing.Union):  # "… | None": the type beside None
        return _typed(options[0], value, name)
    if get_origin(hint) is Literal:
        if value in get_args(hint):
            return value
        wanted = f"one of {', '.join(get_args(hint))}"
    elif get_origin(hint) is tuple:
        if isinstance(value, list) and all(isinstance(item, str) for item in value):
            return tuple(value)
        wanted = 'a list of texts, like ["blues", "rock"]'
    elif hint is float:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return float(value)
        wanted = "a number"
    else:
        if isinstance(value, hint) and not (hint is int and isinstance(value, bool)):
            return value
        wanted = {int: "a whole number", str: "a text in quotes"}[hint]
    raise SettingInvalid(f"{CONFIG_FILE}: '{name}' is {value!r}, which cannot be.", f"It must be {wanted}.")
