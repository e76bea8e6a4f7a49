"""Takes and their history: every song that was made, in a folder that outlives the server.

    takes/0001.mid      a song, written whole and never changed
    takes/0001.chart    the chart that it was asked to play, where there was one
    takes.jsonl         a line for each take
    state.json          the current take, the way of redo, the mixer

A take is on the disk before its line, and its line before the state that names it. So a server that is killed loses
nothing: a line that is torn, or whose song is missing, is left out.
"""

import hashlib
import json
import os
import shutil
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

from pianoroll_vae.atomic_files import wrap_write_errors, write_bytes, write_text
from pianoroll_vae.errors import NothingFound
from pianoroll_vae.paths import is_file
from pianoroll_vae.schema import bounded, build, load_json

MAX_TAKES = 10**6
WORK = ".vaemusic-studio"
"""Emptied when a session is opened, and so named that it is no folder of the user's."""


@dataclass(frozen=True)
class Take:
    """A song of the session, and how it was made."""

    number: int
    parent: int | None
    """The take that this one was made from; where it was made from none, the one that was current before."""

    group: int
    """Takes that were made at once have the number of the first."""

    label: str
    command: str
    seed: int | None
    made_at: float
    own_chart: bool
    """Whether the chart in the file is the song's."""

    digest: str

    def __post_init__(self) -> None:
        if not 1 <= self.number <= MAX_TAKES:
            raise ValueError(f"there is no take {self.number}")


@dataclass(frozen=True)
class Draft:
    """What is known of a take before it is kept; see `Take`."""

    label: str
    command: str
    seed: int | None = None
    own_chart: bool = False


@dataclass(frozen=True)
class Channel:
    """The mixer's settings of an instrument; locked: no command changes its notes."""

    mute: bool = False
    solo: bool = False
    locked: bool = False
    volume: float = bounded(0.8, 0, 1)


@dataclass(frozen=True)
class State:
    """What state.json holds: the current take, by take the one that redo goes to, the mixer by instrument, and whether
    the band plays that was learned here."""

    current: int | None
    redo_to: tuple[tuple[int, int], ...]
    mixer: Mapping[str, Channel]
    own_band: bool = False


@dataclass
class Session:
    """The takes in a folder."""

    folder: Path
    takes: dict[int, Take] = field(default_factory=dict)
    current: int | None = None
    redo_to: dict[int, int] = field(default_factory=dict)
    mixer: dict[str, Channel] = field(default_factory=dict)
    own_band: bool = False
    """Whether the band plays that was learned here."""

    @staticmethod
    def open(folder: Path) -> "Session":
        """The session that was kept in a folder, or a new one."""
        session = Session(folder)
        with wrap_write_errors(folder):
            (folder / "takes").mkdir(parents=True, exist_ok=True)
            shutil.rmtree(folder / WORK, ignore_errors=True)  # what a killed server has left
            (folder / WORK).mkdir()
        for take in _read_takes(folder / "takes.jsonl"):
            if is_file(session.path(take.number)):
                session.takes[take.number] = take
        session._read_state()
        return session

    def path(self, number: int, suffix: str = ".mid") -> Path:
        return self.folder / "takes" / f"{number:04}{suffix}"

    @property
    def work(self) -> Path:
        """Where songs are written before they become takes."""
        return self.folder / WORK

    def take(self, number: int) -> Take:
        if number not in self.takes:
            raise NothingFound(f"There is no take {number}.", "GET /api/state lists the takes.")
        return self.takes[number]

    @property
    def next_number(self) -> int:
        return max(self.takes, default=0) + 1

    def add(self, songs: Sequence[bytes], drafts: Sequence["Draft"], parent: int | None = None) -> list[Take]:
        """Keep songs that were made at once as takes; the first becomes the current one.

        parent: the take that they were made from; None: the current one.
        """
        parent, first, made_at, added = parent or self.current, self.next_number, time.time(), []
        for number, (song, draft) in enumerate(zip(songs, drafts, strict=True), first):
            digest = hashlib.blake2b(song, digest_size=16).hexdigest()
            take = Take(number, parent, first, draft.label, draft.command, draft.seed, made_at, draft.own_chart, digest)
            write_bytes(self.path(number), song)
            append_line(self.folder / "takes.jsonl", json.dumps(asdict(take)))
            self.takes[number] = take
            added.append(take)
        self.go_to(first)
        return added

    def go_to(self, number: int) -> None:
        """Make a take the current one."""
        take = self.take(number)
        if take.parent is not None:
            self.redo_to[take.parent] = number
        self.current = number
        self.save()

    @property
    def undo_to(self) -> int | None:
        parent = None if self.current is None else self.takes[self.current].parent
        return parent if parent in self.takes else None

    @property
    def next_take(self) -> int | None:
        """Where redo leads: the child of the current take that was current last."""
        child = None if self.current is None else self.redo_to.get(self.current)
        return child if child in self.takes else None

    def undo(self) -> None:
        if self.undo_to is not None:
            self.current = self.undo_to
            self.save()

    def redo(self) -> None:
        if self.next_take is not None:
            self.go_to(self.next_take)

    def group(self, number: int) -> list[int]:
        """The takes that were made together with this one."""
        return [take.number for take in self.takes.values() if take.group == self.take(number).group]

    def set_mixer(self, mixer: Mapping[str, Channel]) -> None:
        self.mixer |= mixer
        self.save()

    def save(self) -> None:
        mixer = {name: asdict(channel) for name, channel in self.mixer.items()}
        state = {
            "current": self.current,
            "redo_to": list(self.redo_to.items()),
            "mixer": mixer,
            "own_band": self.own_band,
        }
        write_text(self.folder / "state.json", json.dumps(state))

    def _read_state(self) -> None:
        """Damaged or missing settings fall back to the newest take and an untouched mixer."""
        self.current = max(self.takes, default=None)
        try:
            values = load_json((self.folder / "state.json").read_text(encoding="utf-8"))
            known = ("current", "redo_to", "mixer", "own_band")
            state = build(State, {name: values[name] for name in known if name in values})
        except (OSError, ValueError, TypeError):  # a SchemaError is a ValueError
            return
        if state.current in self.takes:
            self.current = state.current
        self.redo_to = {parent: child for parent, child in state.redo_to if {parent, child} <= self.takes.keys()}
        self.mixer = dict(state.mixer)
        self.own_band = state.own_band


def _read_takes(path: Path) -> list[Take]:
    try:
        lines = path.read_bytes().splitlines()
    except FileNotFoundError:
        return []
    takes = []
    for line in lines:
        with suppress(ValueError):  # a SchemaError is one
            takes.append(build(Take, load_json(line)))
    return takes


def append_line(path: Path, line: str) -> None:
    """Add a line to a file; it is on the disk when this returns. A torn line before it stays alone."""
    with wrap_write_errors(path), path.open("a+b") as file:
        file.seek(0, os.SEEK_END)
        if file.tell():
            file.seek(-1, os.SEEK_END)
            torn = file.read(1) != b"\n"
            file.write(b"\n" * torn)
        file.write(line.encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())
