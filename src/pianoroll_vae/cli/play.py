"""`vaemusic play`."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from pianoroll_vae.cli.context import watch
from pianoroll_vae.cli.song_options import BarsOption, SalvageOption, SongArgument
from pianoroll_vae.console import print_line
from pianoroll_vae.errors import SettingInvalid
from pianoroll_vae.progress import ConsoleWatch


def _list_ports(wanted: bool) -> None:
    if wanted:
        from pianoroll_vae.stages.play import ports

        names = ports()
        for name in names:
            print_line(name)
        if not names:
            ConsoleWatch().notice("There is no MIDI port: start the DAW, or open one with --virtual NAME.")
        raise typer.Exit


def play(
    ctx: typer.Context,
    song: SongArgument,
    soundfont: Annotated[
        Path | None, typer.Option(help="The .sf2 to play with.", show_default="the one installed with pretty_midi")
    ] = None,
    port: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Send MIDI to this port, or a part of its name; HOST:PORT sends it over the network to mido-serve.",
            show_default="play sound",
        ),
    ] = None,
    virtual: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Open a MIDI port of this name, from which a DAW can record (Linux, macOS).",
            show_default="none",
        ),
    ] = None,
    clock: Annotated[
        bool, typer.Option("--clock", help="Send MIDI clock too, so that a DAW that follows it records on its bars.")
    ] = False,
    list_ports: Annotated[
        bool,
        typer.Option("--list-ports", callback=_list_ports, is_eager=True, help="Print the MIDI ports and exit."),
    ] = False,
    bars: BarsOption = None,
    salvage: SalvageOption = False,
) -> None:
    """Play a song of at most 60 minutes on the sound device, or send it to a MIDI port; Ctrl-C stops it.

    Example: [bold]vaemusic play song.mid --bars 9-16[/]

    Example: [bold]vaemusic play song.mid --port "Midi Through"[/]
    """
    name = _port_of(port, virtual, clock, soundfont)
    if name is None:
        from pianoroll_vae.stages.play import run

        report = run(song, soundfont, bars, salvage, watch(ctx))
        print_line(f"Played {report.seconds:.1f} s with {report.player}.")
        return
    from pianoroll_vae.stages.play import run_to_port

    ready = _wait_for_enter if virtual and sys.stdin is not None and sys.stdin.isatty() else None
    sent = run_to_port(song, name, virtual is not None, bars, clock, salvage, watch(ctx), ready)
    print_line(
        f"Sent {sent.messages:,} messages in {sent.seconds:.1f} s to '{sent.port}', "
        f"99 % of them at most {sent.late_milliseconds:.2f} ms late."
    )


def _port_of(port: str | None, virtual: str | None, clock: bool, soundfont: Path | None) -> str | None:
    """The name of the MIDI port to play to, if there is one."""
    if port and virtual:
        raise SettingInvalid("--port and --virtual name two ports.", "Give one of them.")
    name = port or virtual
    if name and soundfont:
        raise SettingInvalid("--soundfont is for sound, and a MIDI port makes none.", "Leave out one of them.")
    if clock and not name:
        raise SettingInvalid(
            "--clock is for a MIDI port.", "Name one with --port; vaemusic play --list-ports shows them."
        )
    return name


def _wait_for_enter(name: str) -> None:
    input(f"The port '{name}' is open. Choose it in the DAW as an input, record, and press Enter.")
