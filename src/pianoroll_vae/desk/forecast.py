"""Announces before long work with latents how long it takes."""

from collections.abc import Sequence

from pianoroll_vae.errors import counted
from pianoroll_vae.music.song import Song
from pianoroll_vae.progress import LONG_SECONDS, Watch

BEATS_PER_SECOND, NOTES_PER_SECOND = 1_100, 7_000
"""What is encoded and decoded, and what is read and written, on two cores with the bundled band, which do other work
as well: `vary` of 39,900 beats with 407,000 notes took 102 s."""


def announce_long_work(watch: Watch, songs: Sequence[Song], times: int = 1) -> None:
    """A notice where songs are encoded and decoded for more than a minute; times: how often."""
    beats, notes = sum(song.beats for song in songs), sum(len(song.notes) for song in songs)
    seconds = times * (beats / BEATS_PER_SECOND + notes / NOTES_PER_SECOND)
    if seconds > LONG_SECONDS:
        size = f"{counted(round(beats), 'beat')} with {counted(notes, 'note')}"
        watch.notice(f"{size}: this takes about {seconds / 60:.0f} min; Ctrl-C stops it.")
