"""Generates many songs: in groups, and on several cores where a band's networks keep only one of them busy.

Each process takes the next group when it is free. This process generates songs too, the first ones among them. What a
process that fails should have generated is generated here, where an error is shown as usual.
"""

import math
import signal
from collections.abc import Generator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from itertools import pairwise
from multiprocessing import current_process
from multiprocessing.connection import Connection, wait
from typing import Any

from pianoroll_vae.desk.new_songs import NO_OPTIONS, NewSongOptions, OnBeginning, generate_songs
from pianoroll_vae.models.ensemble import Ensemble, OnPhrases
from pianoroll_vae.music.arrangement import Arrangement
from pianoroll_vae.music.song import Song
from pianoroll_vae.sources.worker_pool import SPAWN, cores, interrupts_blocked

PHRASES_PER_PROCESS = 40
"""A process takes as long to start as to generate about so many."""


def generate_in_groups(
    ensemble: Ensemble,
    primers: Sequence[Song],
    seeds: Sequence[int],
    options: NewSongOptions = NO_OPTIONS,
    phrases: int = 0,
    on_phrases: OnPhrases = lambda count: None,
    on_beginning: OnBeginning | None = None,
) -> Generator[Arrangement]:
    """The songs of `generate_songs`, in order. phrases: how many they have together, for the number of processes."""
    processes = 1
    if ensemble.is_single_threaded and not current_process().daemon:  # a daemon, as the studio has, may start none
        processes = min(cores(), len(seeds), phrases // PHRASES_PER_PROCESS)
    job = SongJob(
        ensemble, primers, seeds, options, equal_groups(len(seeds), ensemble.songs_per_batch, max(processes, 1))
    )
    with ExitStack() as stack:
        others = [stack.enter_context(SongProcess(job, on_phrases)) for _ in range(processes - 1)]

        def advance(count: int) -> None:
            on_phrases(count)
            for process in others:
                process.receive()

        for number in range(len(seeds)):
            while number not in job.songs:
                if job.groups:
                    job.generate(job.groups.pop(0), advance, on_beginning)
                    continue
                wait([process.connection for process in others if process.group is not None])
                for process in others:
                    process.receive()
            yield job.songs.pop(number)


def equal_groups(songs: int, at_most: int, processes: int) -> list[slice]:
    """As many groups for each process, all of about the same size, so that all processes end at about the same time."""
    count = min(songs, processes * math.ceil(songs / processes / at_most))
    edges = [songs * number // count for number in range(count + 1)] if count else [0]
    return [slice(*pair) for pair in pairwise(edges)]


@dataclass
class SongJob:
    """Groups of songs to generate, and those songs that are not handed on yet."""

    ensemble: Ensemble
    primers: Sequence[Song]
    seeds: Sequence[int]
    options: NewSongOptions
    groups: list[slice]
    """Those that no process has begun."""

    songs: dict[int, Arrangement] = field(default_factory=dict)

    def generate(self, group: slice, on_phrases: OnPhrases, on_beginning: OnBeginning | None) -> None:
        first = on_beginning if group.start == 0 else None
        self.add(group, generate_songs(self.ensemble, *self.primers_and_seeds(group), self.options, on_phrases, first))

    def primers_and_seeds(self, group: slice) -> tuple[Sequence[Song], Sequence[int]]:
        return self.primers[group], self.seeds[group]

    def add(self, group: slice, songs: Sequence[Arrangement]) -> None:
        self.songs |= dict(enumerate(songs, group.start))


class SongProcess:
    """Another process that generates groups of a job. It asks for what it needs, so that sending never waits for it."""

    def __init__(self, job: SongJob, on_phrases: OnPhrases) -> None:
        self.job, self.on_phrases = job, on_phrases
        self.has_ensemble = self.has_failed = False
        self.group: slice | None = None
        self.connection, other = SPAWN.Pipe()
        self.process = SPAWN.Process(target=_generate, args=(other,), daemon=True)
        with interrupts_blocked():
            self.process.start()
        other.close()

    def __enter__(self) -> "SongProcess":
        return self

    def __exit__(self, *error: object) -> None:
        self.process.kill()
        self.process.join()
        self.connection.close()

    def receive(self) -> None:
        """Take and answer what it has sent."""
        try:
            while not self.has_failed and self.connection.poll():
                self._answer(self.connection.recv())
        except (EOFError, OSError):
            self.has_failed = True
            if self.group is not None:
                self.job.groups.insert(0, self.group)
                self.group = None

    def _answer(self, message: int | list[Arrangement] | None) -> None:
        if isinstance(message, int):
            self.on_phrases(message)
        elif not self.has_ensemble:
            self.connection.send((self.job.ensemble, self.job.options))
            self.has_ensemble = True
        else:
            if message is not None and self.group is not None:
                self.job.add(self.group, message)
            self.group = self.job.groups.pop(0) if self.job.groups else None
            if self.group is not None:
                self.connection.send(self.job.primers_and_seeds(self.group))


def _generate(connection: "Connection[Any, Any]") -> None:
    """Ask for the ensemble, then for groups, and send each one's phrases while they are written, and its songs."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the first process handles Ctrl-C, and ends this one
    with suppress(Exception):  # the first process generates the group again
        connection.send(None)
        ensemble, options = connection.recv()
        ensemble.prepare(lambda: None)
        songs: list[Arrangement] | None = None
        while True:
            connection.send(songs)
            primers, seeds = connection.recv()
            songs = generate_songs(ensemble, primers, seeds, options, connection.send)
