"""Lists, shows and checks bands: the built-in ones, and the files of a workspace."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pianoroll_vae.errors import VaemusicError, read_each
from pianoroll_vae.music.band import BANDS, Band, Instrument
from pianoroll_vae.music.band_files import band_paths, read_band, to_toml
from pianoroll_vae.workspace import Workspace


@dataclass(frozen=True)
class BandLine:
    """A band, and where it is from."""

    band: Band
    source: str

    def as_dict(self) -> dict[str, Any]:
        instruments = {
            one.name: {"drums": True} if one.is_drum else {"program": one.program, "programs": list(one.family)}
            for one in self.band
        }
        own = {"name": self.band.name, "lead": self.band.lead, "fallback": self.band.fallback}
        return {"source": self.source, **own, "instruments": instruments}


def list_bands(workspace: Workspace | None) -> tuple[list[BandLine], list[tuple[Path, VaemusicError]]]:
    """The built-in bands, then those of the workspace; and its files that are no valid bands, with their errors."""
    own, broken = read_each(read_band, band_paths(workspace.root if workspace else None).values())
    lines = [BandLine(band, "built in") for band in BANDS.values()]
    return lines + [BandLine(band, str(path)) for path, band in own], broken


def show(band: Band) -> str:
    """A band as TOML."""
    return to_toml(band)


def check(path: Path) -> BandLine:
    """The band in a file, whose every field is valid."""
    return BandLine(read_band(path), str(path))


def program_ranges(band: Band, instrument: Instrument) -> str:
    """The programs whose notes an instrument takes from files, such as '24–31, 104'."""
    if instrument.is_drum:
        return "all of channel 10"
    runs: list[list[int]] = []
    for program in sorted(instrument.family):
        if runs and program == runs[-1][-1] + 1:
            runs[-1].append(program)
        else:
            runs.append([program])
    texts = [str(run[0]) if len(run) == 1 else f"{run[0]}–{run[-1]}" for run in runs]
    return ", ".join([*texts, *(["all others"] if instrument.name == band.fallback else [])]) or "none"
