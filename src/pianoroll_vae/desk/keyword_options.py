"""The options of `MusicOptions` as typed keywords of the Python API."""

from collections.abc import Callable, Mapping, Sequence
from inspect import Parameter, signature
from typing import Any, Literal, TypedDict

from pianoroll_vae.desk.music_options import WHOLE_BAND, MusicOptions
from pianoroll_vae.errors import suggest
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
    """What happens to new notes outside of the key and of their chord: "move" (the default) or "drop"."""

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
    verb: Callable[..., object], band: Band, keywords: SamplingOptions, seed: int | None = None
) -> MusicOptions:
    """The keywords and the seed of a verb of the API, checked against the band."""
    return _options(verb, band, keywords, SamplingOptions.__optional_keys__, seed)


def decoding_options(verb: Callable[..., object], band: Band, keywords: DecodingOptions) -> MusicOptions:
    """The keywords of a verb of the API, checked against the band."""
    return _options(verb, band, keywords, DecodingOptions.__optional_keys__)


def _options(
    verb: Callable[..., object], band: Band, keywords: Mapping[str, Any], valid: frozenset[str], seed: int | None = None
) -> MusicOptions:
    for name in keywords.keys() - valid:
        own = [
            parameter.name
            for parameter in signature(verb).parameters.values()
            if parameter.kind != Parameter.VAR_KEYWORD
        ]
        hint = suggest(name, sorted({*own, *valid}))
        raise TypeError(f"{verb.__name__}() has no keyword '{name}'. {hint}")
    values = {name: _VALUES[name](value) if name in _VALUES else value for name, value in keywords.items()}
    options = MusicOptions(**values, seed=seed)
    options.check(band)
    return options


def _by_instrument(values: NumberByInstrument | None) -> dict[str, float]:
    if values is None:
        return {}
    return dict(values) if isinstance(values, Mapping) else {WHOLE_BAND: float(values)}


def names(given: str | Sequence[str]) -> tuple[str, ...]:
    """One name or several."""
    return (given,) if isinstance(given, str) else tuple(given)


_VALUES: dict[str, Callable[[Any], Any]] = {
    "noise": _by_instrument,
    "threshold": _by_instrument,
    "temperature": _by_instrument,
    "program": lambda programs: dict(programs or {}),
    "mute": names,
    "solo": names,
}
"""What `MusicOptions` has for what a keyword takes, where that is more than one type."""
