"""Instruments and bands: which instruments play, in which order, and which one leads."""

from collections.abc import Iterator
from dataclasses import dataclass

from pianoroll_vae.errors import SettingInvalid, suggest


@dataclass(frozen=True)
class Instrument:
    """A part of a band, and the General MIDI program (0 to 127) that plays it in files."""

    name: str
    program: int
    is_drum: bool = False
    family: range = range(0)
    """The General MIDI programs whose notes this instrument takes when a file is assigned to the band."""


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

    def __len__(self) -> int:
        return len(self.instruments)

    def __iter__(self) -> Iterator[Instrument]:
        return iter(self.instruments)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(instrument.name for instrument in self.instruments)

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

LPD5 = Band(
    "lpd5",
    (
        Instrument("piano", 0, family=range(8)),
        Instrument("guitar", 24, family=range(24, 32)),
        Instrument("bass", 32, family=range(32, 40)),
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


def find_band(name: str) -> Band:
    """The band of this name."""
    if name not in BANDS:
        raise SettingInvalid(f"There is no band '{name}'.", suggest(name, BANDS))
    return BANDS[name]
