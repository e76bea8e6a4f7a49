"""The options of `MusicOptions` as typed keywords of the Python API."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Literal, TypedDict, Unpack

from pianoroll_vae.desk.music_options import WHOLE_BAND, MusicOptions
from pianoroll_vae.music.band import Band

NumberByInstrument = float | Mapping[str, float]
"""One number for all instruments, or numbers by name; instruments not named keep the default."""

Outside = Literal["move", "drop"]


class DecodingOptions(TypedDict, total=False):
    """Keywords of verbs that decode given latents."""

    threshold: NumberByInstrument | None
    """Probability from which a cell sounds, above 0 to 1; by default the model's."""

    key: str | None
    """Key of the new notes: "A minor", or "auto", the key of the song."""

    scale: str | None
    """Another scale on the key's tonic: "blues"."""

    outside: Outside
    """What happens to new notes outside of the key: "move" (the default) or "drop"."""

    chords: str | None
    """Chords that the new notes follow, one per bar, repeated: "Am F C G"."""

    tempo: float | None
    """Beats per minute."""

    program: Mapping[str, int] | None
    """General MIDI programs (0 to 127) by instrument: {"guitar": 30}."""

    mute: str | Sequence[str]
    """Instruments to leave out."""

    solo: str | Sequence[str]
    """The only instruments to write."""

    transpose: int
    """Semitones, -24 to 24, by which the whole song is moved."""

    separate: bool
    """Whether new notes have tracks of their own, "Piano (new)", and not those of their instruments."""


class SamplingOptions(DecodingOptions, total=False):
    """Keywords of verbs that also draw latents and notes at random."""

    noise: NumberByInstrument | None
    """Standard deviations of the noise added to latents, 0 to 1000."""

    temperature: NumberByInstrument | None
    """Temperature at which notes are sampled, 0 to 1000; 1.0 by default."""

    ending: bool
    """Whether the last bar of a new or continued song is an ending, as by default."""


def sampling_options(
    band: Band,
    *,
    noise: NumberByInstrument | None = None,
    temperature: NumberByInstrument | None = None,
    ending: bool = True,
    **decoding: Unpack[DecodingOptions],
) -> MusicOptions:
    """The keywords of a verb, checked against the band."""
    options = decoding_options(band, **decoding)
    options = replace(options, noise=_by_instrument(noise), temperature=_by_instrument(temperature), ending=ending)
    options.check(band)
    return options


def decoding_options(
    band: Band,
    *,
    threshold: NumberByInstrument | None = None,
    key: str | None = None,
    scale: str | None = None,
    outside: Outside = "move",
    chords: str | None = None,
    tempo: float | None = None,
    program: Mapping[str, int] | None = None,
    mute: str | Sequence[str] = (),
    solo: str | Sequence[str] = (),
    transpose: int = 0,
    separate: bool = False,
) -> MusicOptions:
    """The keywords of a verb, checked against the band."""
    options = MusicOptions(
        threshold=_by_instrument(threshold),
        key=key,
        scale=scale,
        outside=outside,
        chords=chords,
        tempo=tempo,
        program=dict(program or {}),
        mute=_names(mute),
        solo=_names(solo),
        transpose=transpose,
        separate=separate,
    )
    options.check(band)
    return options


def _by_instrument(values: NumberByInstrument | None) -> dict[str, float]:
    if values is None:
        return {}
    return dict(values) if isinstance(values, Mapping) else {WHOLE_BAND: float(values)}


def _names(names: str | Sequence[str]) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else tuple(names)
