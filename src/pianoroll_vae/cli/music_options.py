"""The options of all commands that make music, in one place, and how what was made is shown. Knows no command.

A command takes `options: MusicOptions` and `outputs: Outputs` among its parameters and is decorated with
`@with_music_options`: on the command line the options below stand in their place.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from pianoroll_vae.console import Table, print_line, show_json, show_table

if TYPE_CHECKING:
    from pianoroll_vae.desk.music_options import MusicOptions
    from pianoroll_vae.desk.outputs import WrittenSong

SOUND = "How it sounds"
MOST_SONGS = 100_000

MOST_LINES = 20
"""Of a table of songs."""


@dataclass(frozen=True)
class ByInstrument:
    """Numbers by instrument; "" is everybody who is not named."""

    values: dict[str, float]


def _by_instrument(text: str) -> ByInstrument:
    values = {}
    for part in text.split(","):
        name, equals, number = part.rpartition("=")
        try:
            values[name.strip()] = float(number)
        except ValueError:
            raise typer.BadParameter(f"'{part}' is no number; write 0.5, or drums=0.3,piano=1.0.") from None
        if equals and not name.strip():
            raise typer.BadParameter(f"'{part}' names nobody; write drums=0.3.")
    return ByInstrument(values)


def _program(text: str) -> ByInstrument:
    values = _by_instrument(text).values
    if "" in values or any(not number.is_integer() for number in values.values()):
        raise typer.BadParameter(f"'{text}' names no program; write guitar=30.")
    return ByInstrument(values)


def names(text: str | None) -> tuple[str, ...]:
    """'piano,bass' as names."""
    return tuple(name.strip() for name in (text or "").split(",") if name.strip())


NoiseOption = Annotated[
    ByInstrument | None,
    typer.Option(parser=_by_instrument, metavar="NUMBER", help="How far it strays: 0.5, or drums=0.3,piano=1.0."),
]
Outputs = Annotated[
    list[Path] | None,
    typer.Option(
        "--output", "-o", help="A .mid, .wav, .png or .npz file; several allowed. For several songs a folder."
    ),
]
_OPTIONS: dict[str, tuple[Any, Any]] = {
    "noise": (NoiseOption, None),
    "temperature": (
        Annotated[
            ByInstrument | None,
            typer.Option(
                parser=_by_instrument,
                metavar="NUMBER",
                help="How boldly notes are chosen, whatever the noise: 0.9, or bass=0.7.",
                show_default="1.0",
            ),
        ],
        None,
    ),
    "threshold": (
        Annotated[
            ByInstrument | None,
            typer.Option(
                parser=_by_instrument,
                metavar="NUMBER",
                help="From which strength a cell sounds, 0 to 1: 0.3, or drums=0.2.",
            ),
        ],
        None,
    ),
    "key": (
        Annotated[
            str | None,
            typer.Option(help='New notes stay in this key: "A minor", auto, none.', rich_help_panel=SOUND),
        ],
        None,
    ),
    "scale": (
        Annotated[str | None, typer.Option(help="Another scale on the key's tonic: blues.", rich_help_panel=SOUND)],
        None,
    ),
    "outside": (
        Annotated[
            Literal["move", "drop"],
            typer.Option(help="What becomes of notes outside of the key.", rich_help_panel=SOUND),
        ],
        "move",
    ),
    "chords": (
        Annotated[
            str | None,
            typer.Option(help='A chord a bar to lead the new notes: "Am F C G".', rich_help_panel=SOUND),
        ],
        None,
    ),
    "tempo": (
        Annotated[float | None, typer.Option(help="Beats a minute.", rich_help_panel=SOUND)],
        None,
    ),
    "program": (
        Annotated[
            ByInstrument | None,
            typer.Option(
                parser=_program,
                metavar="NAME=NUMBER",
                help="Another General MIDI program (0 to 127): guitar=30.",
                rich_help_panel=SOUND,
            ),
        ],
        None,
    ),
    "mute": (
        Annotated[str | None, typer.Option(metavar="NAMES", help="Who is silent.", rich_help_panel=SOUND)],
        None,
    ),
    "solo": (
        Annotated[str | None, typer.Option(metavar="NAMES", help="Who alone is heard.", rich_help_panel=SOUND)],
        None,
    ),
    "count": (Annotated[int, typer.Option(min=1, max=MOST_SONGS, help="How many, as numbered files in a folder.")], 1),
    "seed": (
        Annotated[int | None, typer.Option(min=0, help="The same seed gives the same bytes.", show_default="drawn")],
        None,
    ),
}


def with_music_options(*left_out: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command the shared options; it is called with `options`. `left_out`: options that mean nothing to it."""

    def dress(command: Callable[..., None]) -> Callable[..., None]:
        options = {name: option for name, option in _OPTIONS.items() if name not in left_out}
        own = inspect.signature(command, eval_str=True).parameters

        @wraps(command)
        def called(**given: Any) -> None:
            taken = {name: given.pop(name) for name in options}
            command(**given, options=_wishes(taken))

        shared = [
            inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
            for name, (annotation, default) in options.items()
        ]
        mine = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for name, p in own.items() if name != "options"]
        signature = inspect.Signature([*mine, *shared])
        called.__signature__ = signature  # type: ignore[attr-defined]
        called.__annotations__ = {parameter.name: parameter.annotation for parameter in signature.parameters.values()}
        del called.__wrapped__
        return called

    return dress


def _wishes(taken: dict[str, Any]) -> "MusicOptions":
    from pianoroll_vae.desk.music_options import MusicOptions

    for option in ("noise", "threshold", "temperature"):
        if option in taken:
            taken[option] = taken[option].values if taken[option] else {}
    programs = taken.get("program")
    taken["program"] = {name: int(number) for name, number in programs.values.items()} if programs else {}
    for option in ("mute", "solo"):
        taken[option] = names(taken.get(option))
    return MusicOptions(**taken)


def show_written(written: "list[WrittenSong]", as_json: bool) -> None:
    """What became of a song, or of several, in one table, and where it lies; or all of it for scripts."""
    if as_json:
        show_json([song.as_dict() for song in written])
        return
    if len(written) == 1:
        _show_song(written[0])
        print_line(f"Wrote {' and '.join(str(path) for path in written[0].paths)}")
    else:
        _show_songs(written)
        print_line(f"Wrote {len(written)} songs to {written[0].path.parent}")


def _show_song(song: "WrittenSong") -> None:
    """A line an instrument."""
    drawn = "" if song.seed is None else f", seed {song.seed}"
    title = f"{song.path}: {song.bars} bars, {_minutes(song)} min{drawn}, from {song.source}"
    if any(song.kept):
        columns: tuple[str, ...] = ("instrument", "notes", "kept", "bars played", "range")
        rows = [
            (part.instrument, part.notes, kept, f"{part.bars_played:.0%}", part.pitch_range)
            for part, kept in zip(song.parts, song.kept, strict=True)
        ]
        show_table(Table(title, columns, rows, _facts(song)))
    else:
        plain = [(part.instrument, part.notes, f"{part.bars_played:.0%}", part.pitch_range) for part in song.parts]
        show_table(Table(title, ("instrument", "notes", "bars played", "range"), plain, _facts(song)))


def _show_songs(written: "list[WrittenSong]") -> None:
    """A line a song, with the notes of each instrument."""
    names = [part.instrument for part in written[0].parts]
    told = any(song.facts for song in written)
    rows = [
        (
            song.path.name,
            song.bars,
            _minutes(song),
            "" if song.seed is None else song.seed,
            *(part.notes for part in song.parts),
            *([_facts(song)] if told else []),
        )
        for song in written[:MOST_LINES]
    ]
    more = len(written) - len(rows)
    columns = ("song", "bars", "min", "seed", *names, *(["facts"] if told else []))
    show_table(
        Table(f"{len(written)} songs: notes", columns, rows, f"and {more:,} more; --json tells of all" if more else "")
    )


def _minutes(song: "WrittenSong") -> str:
    minutes, seconds = divmod(round(song.seconds), 60)
    return f"{minutes}:{seconds:02}"


def _facts(song: "WrittenSong") -> str:
    return "; ".join(f"{name} {_text(value)}" for name, value in song.facts.items())


def _text(value: str | float) -> str:
    return value if isinstance(value, str) else f"{value:.0%}"
