"""The command-line options that all commands which write music share.

`music_options` declares them once, with names, types and defaults, and turns them into `MusicOptions`. Typer reads the
options of a command from its signature, so `with_music_options` puts the declared ones into the signature of a command
in place of its parameter `options`. Written out, they would be 18 parameters and a call in each of nine commands.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from pianoroll_vae.cli.completion import complete_instrument
from pianoroll_vae.cli.song_options import ForceOption, SalvageOption, split_names, wrong_value

if TYPE_CHECKING:
    from pianoroll_vae.desk.music_options import MusicOptions

SOUND = "How it sounds"
MAX_SONGS = 100_000


@dataclass(frozen=True)
class ByInstrument:
    """Numbers by instrument; the name "" stands for all instruments that are not named."""

    values: dict[str, float]


def _by_instrument(text: str) -> ByInstrument:
    values = {}
    for part in text.split(","):
        name, equals, number = part.rpartition("=")
        try:
            values[name.strip()] = float(number)
        except ValueError:
            raise wrong_value(part, "is not a number; write 0.5, or drums=0.3,piano=1.0.") from None
        if equals and not name.strip():
            raise wrong_value(part, "names no instrument; write drums=0.3.")
    return ByInstrument(values)


def _together(given: list[ByInstrument] | None) -> dict[str, float]:
    """The numbers of an option that may be repeated; a name that is given two numbers is refused."""
    together: dict[str, float] = {}
    for each in given or []:
        for name, number in each.values.items():
            if name in together and together[name] != number:
                raise wrong_value(name or "all instruments", f"is given {together[name]:g} and {number:g}.")
            together[name] = number
    return together


def _program(text: str) -> ByInstrument:
    values = _by_instrument(text).values
    if "" in values or any(not number.is_integer() for number in values.values()):
        raise wrong_value(text, "is not a program; write an instrument and a number from 0 to 127: guitar=30.")
    return ByInstrument(values)


def _by_instrument_option(help_text: str, default: str) -> Any:
    return typer.Option(parser=_by_instrument, metavar="NUMBER", help=help_text, show_default=default)


def _noise_option(default: str) -> Any:
    return _by_instrument_option("Randomness of the latents, 0 to 1000: 0.5, or drums=0.3,piano=1.0.", default)


def _sound_option(help_text: str, **more: Any) -> Any:
    return typer.Option(help=help_text, rich_help_panel=SOUND, **more)


def music_options(
    noise: Annotated[list[ByInstrument] | None, _noise_option("1.0")] = None,
    temperature: Annotated[
        list[ByInstrument] | None,
        _by_instrument_option("Randomness of the choice of each note, 0 to 1000: 0.9, or bass=0.7.", "1.0"),
    ] = None,
    threshold: Annotated[
        list[ByInstrument] | None,
        _by_instrument_option(
            "Probability from which a cell sounds, above 0 to 1: 0.3, or drums=0.2. For recipes of the family thesis.",
            "the model's",
        ),
    ] = None,
    key: Annotated[
        str | None,
        _sound_option(
            "Transpose the new notes to this key, and the others where they may change, and hold the new ones in it: "
            "'A minor'; auto: the key of the song; none: no key."
        ),
    ] = None,
    scale: Annotated[
        str | None,
        _sound_option("Another scale on the key's tonic: blues, dorian, pentatonic …", show_default="the key's"),
    ] = None,
    outside: Annotated[
        Literal["move", "drop"],
        _sound_option("Notes outside of the key and of their chord: move them to a tone of the scale, or drop them."),
    ] = "move",
    chords: Annotated[
        str | None, _sound_option('Chords that the new notes follow, one per bar, repeated: "Am F C G".')
    ] = None,
    tempo: Annotated[
        float | None, _sound_option("Beats per minute, 4 to 1000.", show_default="the tempo of what it starts from")
    ] = None,
    program: Annotated[
        list[ByInstrument] | None,
        _sound_option(
            "Another General MIDI program for an instrument, 0 to 127: guitar=30.",
            parser=_program,
            metavar="NAME=NUMBER",
        ),
    ] = None,
    mute: Annotated[
        list[str] | None,
        _sound_option("Instruments to leave out: strings,guitar.", metavar="NAMES", autocompletion=complete_instrument),
    ] = None,
    solo: Annotated[
        list[str] | None,
        _sound_option(
            "The only instruments to write: piano,bass.", metavar="NAMES", autocompletion=complete_instrument
        ),
    ] = None,
    transpose: Annotated[
        int,
        _sound_option("Move the whole song, what is kept too, by semitones: -24 to 24."),
    ] = 0,
    ending: Annotated[
        bool,
        typer.Option("--ending/--no-ending", help="Whether the last bar is an ending: a held chord and a last hit."),
    ] = True,
    separate: Annotated[
        bool,
        typer.Option("--separate", help="Write new notes to tracks of their own, 'Piano (new)'."),
    ] = False,
    count: Annotated[
        int,
        typer.Option(min=1, max=MAX_SONGS, help="How many songs, 1 to 100000; several are numbered files in a folder."),
    ] = 1,
    seed: Annotated[
        int | None,
        typer.Option(
            min=0, help="0 to 2147483647. The same seed gives the same bytes.", show_default="drawn, and shown"
        ),
    ] = None,
    salvage: SalvageOption = False,
    force: ForceOption = False,
) -> "MusicOptions":
    """What was given on the command line, as the stages take it."""
    from pianoroll_vae.desk.music_options import MusicOptions

    return MusicOptions(
        noise=_together(noise),
        threshold=_together(threshold),
        temperature=_together(temperature),
        key=key,
        scale=scale,
        outside=outside,
        chords=chords,
        tempo=tempo,
        program={name: int(number) for name, number in _together(program).items()},
        mute=split_names(mute) or (),
        solo=split_names(solo) or (),
        transpose=transpose,
        ending=ending,
        separate=separate,
        seed=seed,
        count=count,
        salvage=salvage,
        force=force,
    )


def with_music_options(*without: str, noise: str | None = None) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command the options of `music_options` except those in `without`; it receives them as `options`.

    noise: the command's own default, as `--help` shows it.
    """

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        shared = _keyword_parameters(music_options, without)
        if noise is not None:
            own_noise = Annotated[list[ByInstrument] | None, _noise_option(noise)]
            shared = [p.replace(annotation=own_noise) if p.name == "noise" else p for p in shared]
        own = _keyword_parameters(command, ("options",))

        @wraps(command)
        def run(**arguments: Any) -> None:
            options = music_options(**{parameter.name: arguments.pop(parameter.name) for parameter in shared})
            command(**arguments, options=options)

        parameters = [*own, *shared]
        run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        del run.__wrapped__
        return run

    return decorate


def _keyword_parameters(function: Callable[..., object], without: tuple[str, ...]) -> list[inspect.Parameter]:
    parameters = inspect.signature(function).parameters.values()
    return [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in parameters if p.name not in without]
