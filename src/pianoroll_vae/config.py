"""The settings of each stage: a default, overridden by vaemusic.toml, overridden by a command-line option.

None means the recipe's value. Types and bounds of the fields (`schema`) are checked when the file is loaded, and when
an option overrides one.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, TypeVar

from pianoroll_vae.atomic_files import write_text
from pianoroll_vae.errors import SettingInvalid, suggest
from pianoroll_vae.schema import MAX_COUNT, SchemaError, bounded, build, check, shorten
from pianoroll_vae.workspace import CONFIG_FILE

DEFAULT_RECIPE = "arranger"

MAX_CONFIG_BYTES = 1 << 20
"""Of songs and epochs."""

MAX_BATCH_SIZE = 1 << 20

MAX_WORKERS = 256


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
    min_weight: float = bounded(0.0, 0, 1)
    exclude: tuple[str, ...] = ()
    source: tuple[str, ...] = ()
    limit: int | None = bounded(None, 1, MAX_COUNT)
    seed: int = bounded(0, 0)


@dataclass(frozen=True)
class PreprocessSettings:
    """How `preprocess` makes a dataset of the songs."""

    steps_per_beat: int | None = bounded(None, 1, 24)
    segment_beats: int | None = bounded(None, 1, 512)
    absent: Literal["silence", "drop"] | None = None
    rounding: Literal["touched", "nearest"] | None = None
    workers: int | None = bounded(None, 0, MAX_WORKERS)
    seed: int = bounded(0, 0)


@dataclass(frozen=True)
class TrainSettings:
    """How `train` trains networks."""

    epochs: int | None = bounded(None, 1, MAX_COUNT)
    batch_size: int | None = bounded(None, 1, MAX_BATCH_SIZE)
    device: str = "auto"
    patience: int | None = bounded(None, 1, MAX_COUNT)
    seed: int | None = bounded(None, 0)


@dataclass(frozen=True)
class GenerateSettings:
    """How `generate` writes songs."""

    steps: int = bounded(40, 1, 2000)
    noise: float = bounded(1.0, 0, 1000)
    threshold: float | None = bounded(None, 0, 1)
    tempo: float | None = bounded(None, 4, 1000)
    primer: str = "auto"
    seed: int | None = bounded(None, 0)


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
# band = "lpd5"           # lpd5: piano, guitar, bass, strings, drums; lpd17: all families; or that of bands/NAME.toml

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
# patience = 5            # stop after this many epochs without a lower held-out loss; with --init after 3
# seed = 0

[generate]
# steps = 40              # phrases of four bars
# noise = 1.0             # 0 to 1000
# threshold = 0.3         # above 0, at most 1; for recipes of the family thesis
# tempo = 120.0           # beats per minute, 4 to 1000; default: the primer's
# primer = "auto"         # none, random, a track id, an md5, a MIDI file; auto: none where the band needs none
# seed = 0                # 0 or more; default: drawn, and shown
"""


def load(root: Path) -> Config:
    """The settings of a workspace."""
    path = root / CONFIG_FILE
    try:
        with path.open("rb") as file:
            content = file.read(MAX_CONFIG_BYTES + 1)
        if len(content) > MAX_CONFIG_BYTES:
            raise ValueError(f"it is larger than {MAX_CONFIG_BYTES:,} bytes")
        values = tomllib.loads(content.decode())
    except (OSError, ValueError, RecursionError) as reason:  # a number of too many digits is a ValueError
        why = "it is nested too deeply" if isinstance(reason, RecursionError) else reason
        raise SettingInvalid(
            f"Cannot read {path}: {why}.", "Correct the file, or remove it and run: vaemusic init."
        ) from None
    try:
        return build(Config, values)
    except SchemaError as wrong:
        raise _invalid(wrong) from None


def with_flags(settings: Settings, **flags: Any) -> Settings:
    """The settings, overridden by the options that are not None."""
    given = {name: value for name, value in flags.items() if value is not None}
    changed = replace(settings, **given)  # type: ignore[type-var]
    try:
        check(changed)
    except SchemaError as wrong:
        option = "--" + wrong.name.replace("_", "-")
        raise SettingInvalid(f"{option} is {shorten(wrong.value)}.", f"It must be {wrong.valid}.") from None
    return changed


def _invalid(wrong: SchemaError) -> SettingInvalid:
    if wrong.known:
        name = wrong.name.rpartition(".")[2]
        return SettingInvalid(f"{CONFIG_FILE} has an unknown key {wrong.name!r}.", suggest(name, wrong.known))
    if wrong.name in ("folders", "filter", "preprocess", "train", "generate"):
        return SettingInvalid(
            f"{CONFIG_FILE}: '{wrong.name}' is a section, not a value.", f"Write [{wrong.name}] on a line of its own."
        )
    return SettingInvalid(f"{CONFIG_FILE}: {wrong}.", f"Correct it in {CONFIG_FILE}.")


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
