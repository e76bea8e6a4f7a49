"""Reads the header of a MIDI file and finds the bytes of its tracks; what is damaged is an error or is reported.

The rules:

* The header's number of tracks decides. A file with fewer is damaged; tracks behind them are not read, and reported.
* Chunks that are no tracks are skipped, and so is Microsoft's envelope (RIFF).
* With `salvage`, a track whose length is wrong ends where the next one begins.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from pianoroll_vae.errors import counted

SALVAGE_HINT = "Export it again, or see what can be read of it: vaemusic show FILE --salvage."

HEADER, TRACK = b"MThd", b"MTrk"
_HEADER_BYTES = 14

_JUNK = {
    b"HTTP/": "an HTTP response",
    b"<!doctype": "an HTML page",
    b"<html": "an HTML page",
    b"PK\x03\x04": "a ZIP archive",
    b"\x1f\x8b": "gzip",
}
"""First bytes of what is saved under the name of a MIDI file by mistake, in lower case but for `HTTP/`."""


class DamagedError(Exception):
    """The bytes are not a sound MIDI file; the message continues the sentence "this file …"; `hint` is what to do."""

    def __init__(self, what: str, hint: str = "Export it again from the program that made it.") -> None:
        super().__init__(what)
        self.hint = hint


@dataclass
class Damage:
    """Receives what is wrong with a file: raises it, or keeps it where `salvage` reads the file as far as it goes."""

    salvage: bool = False
    unread: list[str] = field(default_factory=list)
    """What is not read and why. Each continues the sentence "this file …"."""

    def report(self, what: str, unread: str) -> None:
        """Part of the file cannot be read: `what` is wrong, and `unread` is missing from the music."""
        if not self.salvage:
            raise DamagedError(what, SALVAGE_HINT)
        self.unread.append(f"{what}: {unread}")


@dataclass(frozen=True)
class Header:
    """What the header of a file declares. `position`: where the chunks after it begin."""

    kind: int
    ticks_per_beat: int
    tracks: int
    position: int


def read_header(data: bytes, damage: Damage) -> Header:
    """The header of a MIDI file."""
    start = _find_header(data, damage)
    kind, tracks, division = (int.from_bytes(data[start + at : start + at + 2]) for at in (8, 10, 12))
    if division & 0x8000:
        raise DamagedError(
            "counts time in film frames (SMPTE), so it has no beats", "Export it with ticks per quarter note."
        )
    if division == 0:
        raise DamagedError("has a beat without length")
    if tracks == 0:
        raise DamagedError("has no tracks")
    if kind > 2:
        raise DamagedError(f"is MIDI of an unknown type ({kind})")
    return Header(kind, division, tracks, start + 8 + int.from_bytes(data[start + 4 : start + 8]))


def _find_header(data: bytes, damage: Damage) -> int:
    """Where the header begins."""
    if not data:
        raise DamagedError("is empty")
    start = data.find(HEADER)
    junk = _name_junk(data)
    if start < 0 or start + _HEADER_BYTES > len(data):
        raise DamagedError(f"is {junk or 'not a MIDI file'}", "Name a MIDI file (.mid, .midi, .kar).")
    if start and not (data[:4] == b"RIFF" and data[8:12] == b"RMID"):
        what = f"begins with {start:,} bytes that are not MIDI" + (f" ({junk})" if junk else "")
        damage.report(what, "they are skipped")
    return start


def _name_junk(data: bytes) -> str:
    """What bytes that do not begin with a MIDI header are, where that is known."""
    begin = data[:64].lstrip()
    return next((name for mark, name in _JUNK.items() if begin.startswith(mark) or begin.lower().startswith(mark)), "")


def find_tracks(data: bytes, header: Header, damage: Damage) -> Iterator[tuple[int, int]]:
    """Where the events of each declared track begin, and where its chunk ends or should end."""
    position, tracks = header.position, counted(header.tracks, "track")
    for number in range(header.tracks):
        begin = _next_track(data, position, damage.salvage)
        if begin is None:
            lost = f"{header.tracks - number} missing"
            damage.report(f"declares {tracks} and has {number}", lost)
            return
        end = begin + int.from_bytes(data[begin - 4 : begin])
        if damage.salvage:
            end = _salvaged_end(data, begin, end, number + 1, damage)
        yield begin, end
        position = end
    more = data.count(TRACK, position)
    if more:
        damage.unread.append(f"declares {tracks} and has {more} more behind them, which are not read")


def _next_track(data: bytes, position: int, salvage: bool) -> int | None:
    """Where the events of the next track begin: behind the chunks that are no tracks."""
    while position + 8 <= len(data):
        if data[position : position + 4] == TRACK:
            return position + 8
        end = _chunk_end(data, position)
        if salvage and not is_boundary(data, end):
            end = data.find(TRACK, position)
            if end < 0:
                return None
        position = end
    return None


def _salvaged_end(data: bytes, begin: int, end: int, number: int, damage: Damage) -> int:
    """Where the chunk of a track ends: by its length, or where the next track begins if the length is wrong."""
    stop = end if is_boundary(data, end) else len(data)
    following = data.find(TRACK, begin, stop)
    if following < 0 and end > len(data):
        return end  # the file breaks off in this track
    salvaged = stop if following < 0 else following
    if salvaged != end:
        damage.report(f"has a wrong length in track {number}", "the track is read up to the next one")
    return salvaged


def is_boundary(data: bytes, position: int) -> bool:
    """Whether a chunk can end here: the end of the file follows, or another chunk."""
    name = data[position : position + 4]
    return position == len(data) or name == TRACK or (name.isalnum() and _chunk_end(data, position) <= len(data))


def _chunk_end(data: bytes, position: int) -> int:
    return position + 8 + int.from_bytes(data[position + 4 : position + 8])
