"""Bands of a workspace: TOML files in its folder `bands`.

    lead = "piano"
    [[instruments]]
    name = "piano"                # takes the notes of programs 0 to 7 from files, the pianos of General MIDI
    [[instruments]]
    name = "organ"
    program = 19
    programs = [16, 17, 18, 19]   # takes these
    [[instruments]]
    name = "drums"
    drums = true

The file's name is the band's. Programs that no instrument takes are left out, or go to `fallback = "organ"`.
"""

import json
import tomllib
from pathlib import Path

from pianoroll_vae.errors import FileUnreadable, SettingInvalid, suggest
from pianoroll_vae.music.band import BANDS, Band, band_from
from pianoroll_vae.paths import list_folder
from pianoroll_vae.schema import SchemaError

FOLDER = "bands"
MAX_BYTES = 1 << 16
DESCRIBED = "Bands are described in the README, under Recipes and bands of your own."


def band_paths(root: Path | None) -> dict[str, Path]:
    """The band files of a workspace, by name."""
    return {path.stem: path for path in list_folder(root / FOLDER, "*.toml")} if root else {}


def band_named(name: str, root: Path | None) -> Band:
    """A built-in band, or one of the workspace's files."""
    paths = band_paths(root)
    if name in paths:
        return read_band(paths[name])
    if name not in BANDS:
        raise SettingInvalid(f"There is no band '{name}'.", suggest(name, [*BANDS, *paths]))
    return BANDS[name]


def read_band(path: Path) -> Band:
    """The band in a file; an error names what is wrong."""
    if path.stem in BANDS:
        raise SettingInvalid(f"{path}: '{path.stem}' is a built-in band.", "Give the file another name.")
    try:
        content = path.read_bytes()
        if len(content) > MAX_BYTES:
            raise SettingInvalid(f"{path} has {len(content):,} bytes.", f"A band has at most {MAX_BYTES:,}.")
        values = tomllib.loads(content.decode())
        if "name" in values:
            raise SettingInvalid(f"{path} names a band.", "Leave the line out: the file's name is the band's.")
        return band_from({**values, "name": path.stem})
    except OSError as reason:
        raise FileUnreadable(f"Cannot read {path}: {reason.strerror}.", "Name a band file that exists.") from None
    except SchemaError as wrong:
        raise _invalid(path, wrong) from None
    except (ValueError, RecursionError) as reason:
        raise SettingInvalid(f"{path} is no TOML file: {reason}.", "Correct it.") from None


def _invalid(path: Path, wrong: SchemaError) -> SettingInvalid:
    name = wrong.name.rpartition(".")[2]
    if wrong.known:
        fields = [known for known in wrong.known if known != "name" or "." in wrong.name]
        return SettingInvalid(f"{path} has an unknown field '{wrong.name}'.", suggest(name, fields))
    if wrong.name == "it":  # what does not belong together
        return SettingInvalid(f"{path}: {wrong.valid.removeprefix('possible: ')}.".replace("..", "."), DESCRIBED)
    return SettingInvalid(f"{path}: {wrong}.", DESCRIBED)


def to_toml(band: Band) -> str:
    """A band as its file may have it."""
    lines = [f"lead = {json.dumps(band.lead)}"]
    lines += [f"fallback = {json.dumps(band.fallback)}"] if band.fallback else []
    for one in band:
        lines += ["", "[[instruments]]", f"name = {json.dumps(one.name)}"]
        lines += ["drums = true"] if one.is_drum else [f"program = {one.program}", f"programs = {list(one.family)}"]
    return "\n".join(lines) + "\n"
