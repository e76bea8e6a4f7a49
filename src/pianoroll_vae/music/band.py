"""Instruments and bands: which instruments play, in which order, and which one leads.

Datasets and model files have a built-in band by its name, and another one whole, as JSON (`Band.stored`): a workspace's
band file may change, and the file be gone.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.errors import SettingInvalid, suggest
from pianoroll_vae.schema import SchemaError, bounded, build, load_json, shorten

MIN_INSTRUMENTS, MAX_INSTRUMENTS = 2, 17
PROGRAMS = range(128)
FAMILY_PROGRAMS = 8
"""Programs of a family of General MIDI, such as the pianos."""

NAME = re.compile(r"[a-z][a-z0-9 -]{0,30}")
OTHERS = "others"
"""What is not of the band, which no instrument may be named."""


@dataclass(frozen=True)
class Instrument:
    """A part of a band, and the General MIDI program (0 to 127) that plays it in files."""

    name: str
    program: int
    is_drum: bool = False
    family: range | tuple[int, ...] = range(0)
    """The General MIDI programs whose notes this instrument takes when a file is assigned to the band."""

    @property
    def is_bass(self) -> bool:
        return not self.is_drum and self.program in BASS_PROGRAMS


@dataclass(frozen=True)
class Band:
    """Instruments in a fixed order, which is the instrument axis of every array."""

    name: str
    instruments: tuple[Instrument, ...]
    lead: str
    fallback: str = ""
    """The instrument for programs of no family; empty if such programs are left out."""

    unplayed: tuple[range, ...] = ()
    """Programs that are left out, whatever `fallback` is: effects that are not notes."""

    @property
    def stored(self) -> str:
        """What a file has of the band, for `find_band`."""
        if BANDS.get(self.name) == self:
            return self.name
        instruments = [
            {"name": one.name, "program": one.program, "drums": one.is_drum, "programs": list(one.family)}
            for one in self.instruments
        ]
        return json.dumps({"name": self.name, "lead": self.lead, "fallback": self.fallback, "instruments": instruments})

    def __len__(self) -> int:
        return len(self.instruments)

    def __iter__(self) -> Iterator[Instrument]:
        return iter(self.instruments)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(instrument.name for instrument in self.instruments)

    @property
    def drums(self) -> NDArray[np.bool_]:
        """(instruments,): which ones are drums."""
        return np.array([instrument.is_drum for instrument in self], np.bool_)

    @property
    def lead_index(self) -> int:
        return self.index(self.lead)

    def index(self, name: str) -> int:
        """The index of an instrument on the instrument axis."""
        if name not in self.names:
            raise SettingInvalid(f"The band {self.name} has no instrument '{name}'.", suggest(name, self.names))
        return self.names.index(name)

    def instrument_for(self, program: int, is_drum: bool) -> int | None:
        """The index of the instrument for a General MIDI program; None if the program is left out."""
        for index, instrument in enumerate(self.instruments):
            if instrument.is_drum if is_drum else program in instrument.family:
                return index
        if is_drum or not self.fallback or any(program in effects for effects in self.unplayed):
            return None
        return self.index(self.fallback)


_SYNTH_EFFECTS, _PERCUSSIVE, _SOUND_EFFECTS = range(96, 104), range(112, 120), range(120, 128)

BASS_PROGRAMS = range(32, 40)
"""General MIDI programs."""

LPD5 = Band(
    "lpd5",
    (
        Instrument("piano", 0, family=range(8)),
        Instrument("guitar", 24, family=range(24, 32)),
        Instrument("bass", 32, family=BASS_PROGRAMS),
        Instrument("strings", 48),
        Instrument("drums", 0, is_drum=True),
    ),
    lead="piano",
    fallback="strings",
    unplayed=(_SYNTH_EFFECTS, _PERCUSSIVE, _SOUND_EFFECTS),
)

_FAMILIES = (
    "piano",
    "chromatic percussion",
    "organ",
    "guitar",
    "bass",
    "strings",
    "ensemble",
    "brass",
    "reed",
    "pipe",
    "synth lead",
    "synth pad",
    "synth effects",
    "ethnic",
    "percussive",
    "sound effects",
)

LPD17 = Band(
    "lpd17",
    (
        *(Instrument(name, 8 * i, family=range(8 * i, 8 * i + 8)) for i, name in enumerate(_FAMILIES)),
        Instrument("drums", 0, is_drum=True),
    ),
    lead="piano",
)

BANDS = {band.name: band for band in (LPD5, LPD17)}


@dataclass(frozen=True)
class InstrumentFields:
    """An instrument as a file describes it."""

    name: str
    program: int = bounded(0, PROGRAMS.start, PROGRAMS.stop - 1)
    drums: bool = False
    programs: tuple[int, ...] | None = bounded(None, PROGRAMS.start, PROGRAMS.stop - 1)
    """The programs whose notes it takes from files; by default the General MIDI family of its own."""

    def instrument(self) -> Instrument:
        if self.drums:
            return Instrument(self.name, 0, is_drum=True)
        first = self.program - self.program % FAMILY_PROGRAMS
        family = range(first, first + FAMILY_PROGRAMS) if self.programs is None else self.programs
        return Instrument(self.name, self.program, family=tuple(family))


@dataclass(frozen=True)
class BandFields:
    """A band as a file describes it."""

    name: str
    lead: str
    instruments: tuple[InstrumentFields, ...]
    fallback: str = ""

    def __post_init__(self) -> None:
        """Raise ValueError for what does not make a band."""
        names = [instrument.name for instrument in self.instruments]
        if not MIN_INSTRUMENTS <= len(names) <= MAX_INSTRUMENTS:
            bounds = f"{MIN_INSTRUMENTS} to {MAX_INSTRUMENTS}"
            raise ValueError(f"a band has {bounds} instruments, and this one {len(names)}")
        for name in (*names, self.name):
            if not NAME.fullmatch(name) or name == OTHERS:
                raise ValueError(f"'{name[:40]}' is no name: give small letters, digits, '-' and spaces")
        if len(set(names)) < len(names):
            raise ValueError("two instruments have one name")
        if sum(instrument.drums for instrument in self.instruments) > 1:
            raise ValueError("two instruments are drums")
        pitched = [instrument.name for instrument in self.instruments if not instrument.drums]
        for role, name in (("lead", self.lead), ("fallback", self.fallback)):
            if name not in pitched and (name or role == "lead"):
                raise ValueError(f"the {role} is '{name[:40]}'. {suggest(name, pitched)}")
        taken: dict[int, str] = {}
        for instrument in self.band().instruments:
            for program in instrument.family:
                if taken.setdefault(program, instrument.name) != instrument.name:
                    raise ValueError(f"{taken[program]} and {instrument.name} both take program {program} from files")

    def band(self) -> Band:
        unplayed = (_SYNTH_EFFECTS, _PERCUSSIVE, _SOUND_EFFECTS) if self.fallback else ()
        instruments = tuple(fields.instrument() for fields in self.instruments)
        return Band(self.name, instruments, self.lead, self.fallback, unplayed)


def band_from(values: Mapping[str, Any]) -> Band:
    """The band of plain values; SchemaError names what is wrong."""
    return build(BandFields, values).band()


def find_band(stored: str) -> Band:
    """The built-in band of this name, or the band that a file has whole."""
    if stored in BANDS:
        return BANDS[stored]
    if not stored.startswith("{"):
        raise SettingInvalid(f"There is no band {shorten(stored)}.", suggest(stored[:99], BANDS))
    try:
        return band_from(load_json(stored))
    except SchemaError as wrong:
        raise SettingInvalid(f"A file's band is damaged: {wrong}.", "Make the file again.") from None
    except ValueError as reason:
        raise SettingInvalid(f"A file's band is damaged: {reason}.", "Make the file again.") from None


def require_band(stored: str) -> None:
    """Raise ValueError, as a file's header does, where there is no such band."""
    try:
        find_band(stored)
    except SettingInvalid as wrong:
        raise ValueError(wrong.message.rstrip(".")) from None
