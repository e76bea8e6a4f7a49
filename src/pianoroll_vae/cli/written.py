"""Prints what a command has written: a table for people, JSON for scripts."""

from typing import TYPE_CHECKING

from pianoroll_vae.console import Table, print_line, show_json, show_table
from pianoroll_vae.errors import counted

if TYPE_CHECKING:
    from pianoroll_vae.desk.outputs import WrittenSong

MAX_ROWS = 20


def show_written(written: "list[WrittenSong]", as_json: bool) -> None:
    """Print the songs that were written and where they are."""
    if as_json:
        show_json([song.as_dict() for song in written])
        return
    if len(written) == 1:
        _show_song(written[0])
        print_line(f"Wrote {', '.join(map(str, written[0].paths))}")
    else:
        _show_songs(written)
        print_line(f"Wrote {len(written)} songs to {written[0].path.parent}")


def _show_song(song: "WrittenSong") -> None:
    """A row per instrument."""
    from pianoroll_vae.music.meter import clock

    seed = "" if song.seed is None else f", seed {song.seed}"
    title = f"{song.path}: {counted(song.bars, 'bar')}, {clock(song.seconds)} min{seed}, from {song.source}"
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
    """A row per song with the number of notes of each instrument."""
    from pianoroll_vae.music.meter import clock

    names = [part.instrument for part in written[0].parts]
    has_facts = any(song.facts for song in written)
    rows = [
        (
            song.path.name,
            song.bars,
            clock(song.seconds),
            "" if song.seed is None else song.seed,
            *(part.notes for part in song.parts),
            *([_facts(song)] if has_facts else []),
        )
        for song in written[:MAX_ROWS]
    ]
    more = len(written) - len(rows)
    columns = ("song", "bars", "min", "seed", *names, *(["facts"] if has_facts else []))
    show_table(
        Table(f"{len(written)} songs: notes", columns, rows, f"and {more:,} more; --json lists all" if more else "")
    )


def _facts(song: "WrittenSong") -> str:
    return "; ".join(f"{name} {_format(value)}" for name, value in song.facts.items())


def _format(value: str | float) -> str:
    return value if isinstance(value, str) else f"{value:.0%}"
