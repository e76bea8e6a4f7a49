"""Commands that are killed, find the disk full, or run at the same time: nothing is lost, and nothing half written."""

import errno
import itertools
import os
import random
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.campaign.command import KILLED, Command, limit_file_size, run, run_together
from tests.campaign.material import WRITERS, Material, contents, leftovers

Trials = Iterator[tuple[str, str]]

WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
TURNS_OF_SLOW = 4
"""Commands that take more than `SLOW_SECONDS` are killed in every fourth turn."""

SLOW_SECONDS = 1.0

SLICES = 8
"""Batches in which the writes of a command find the disk full."""

KILL_BATCHES = 1000
DISK_BATCHES = len(WRITERS) * SLICES
NAMES = [name for name, writer in WRITERS.items() if writer.folder != "arranging"]
PAIRS = list(itertools.combinations_with_replacement(NAMES, 2))


def kills(material: Material, rng: random.Random, number: int, midi: Path | None) -> Trials:
    """A command that is killed, then run again: the files are those of an undisturbed run. A trial is a kill."""
    turn, place = divmod(number, len(WRITERS))
    name, writer = list(WRITERS.items())[place]
    whole, seconds = material.after(name)
    if turn % TURNS_OF_SLOW and seconds > SLOW_SECONDS:
        return
    before, work = contents(material.folder(writer.folder)), material.copy_of(writer)
    for _ in range(rng.randrange(1, 4)):
        outcome = run(writer.command, work, kill_after=rng.uniform(0, seconds))
        if outcome.status == 0:  # it was faster than the kill
            continue
        if outcome.status != KILLED:
            refused = name == "sample" and "is not empty" in outcome.err
            if not refused:
                yield name, outcome.fault or f"status {outcome.status}: {outcome.err[-200:]}"
            continue
        torn = _torn(contents(work), before, whole) if not name.startswith(("train", "sample")) else ""
        yield name, f"half written after a kill: {torn}" if torn else ""
    outcome = run(writer.command, work)
    if name != "sample" or "is not empty" not in outcome.err:
        fault = outcome.fault or _difference(contents(work), whole) or ", ".join(leftovers(work))
        if fault:
            yield f"{name} after kills", fault


def full_disk(material: Material, rng: random.Random, number: int, midi: Path | None) -> Trials:
    """The disk is full from some write on, at places where a command writes: one message, and what was there before is
    as it was. Then there is room again, and the same command works."""
    turn, batch = divmod(number, DISK_BATCHES)
    part, place = divmod(batch, len(WRITERS))
    name = list(WRITERS)[place]
    sites = material.once(f"sites {name}", lambda: _count_sites(material, name))
    for site in range(part, sites, SLICES):
        room = 0 if turn == 0 else rng.randrange(1, 1 << rng.randrange(1, 18))
        fault = _fault_of_full_disk(material, name, site, room, again=rng.random() < 0.2)
        yield f"{name}, write {site + 1} of {sites}, {room:,} bytes", fault


def _fault_of_full_disk(material: Material, name: str, site: int, room: int, again: bool) -> str:
    writer = WRITERS[name]
    before, (whole, _) = contents(material.folder(writer.folder)), material.after(name)
    work = material.copy_of(writer)
    outcome = run(_with_full_disk(writer.command, site, room), work)
    if outcome.fault:
        return outcome.fault
    if outcome.status and "Cannot write" not in outcome.err and "is full" not in outcome.err:
        return f"another message than of the disk: {outcome.err[:200]}"
    torn = _torn(contents(work), before, whole) if not name.startswith("train") else ""
    if torn or leftovers(work):
        return f"half written: {torn} {', '.join(leftovers(work))}"
    if again:
        outcome = run(writer.command, work)
        return outcome.fault or _difference(contents(work), whole)
    return ""


def _count_sites(material: Material, name: str) -> int:
    """How often a command opens a file to write, or makes a folder."""
    work = material.copy_of(WRITERS[name])
    count = work.with_name(f"{work.name} count")

    def counted() -> None:
        sites = [0]

        def hear(event: str, arguments: Any) -> None:
            sites[0] += _writes(event, arguments)

        sys.addaudithook(hear)
        try:
            WRITERS[name].command()
        finally:
            count.write_text(str(sites[0]))

    outcome = run(counted, work)
    assert outcome.status == 0, f"{name}: {outcome.fault or outcome.err}"
    return int(count.read_text())


def _with_full_disk(command: Command, site: int, room: int) -> Command:
    """The command, whose files cannot grow beyond `room` bytes from a write on; nor is there room for folders."""

    def run_full() -> None:
        seen = [0]

        def hear(event: str, arguments: Any) -> None:
            if not _writes(event, arguments):
                return
            seen[0] += 1
            if seen[0] == site + 1:
                limit_file_size(room)
            if seen[0] > site and event == "os.mkdir":
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), arguments[0])

        sys.addaudithook(hear)
        command()

    return run_full


def _writes(event: str, arguments: Any) -> bool:
    """Whether an audit event is a write to the disk; /dev and /proc are none."""
    if event == "open":
        path, mode, flags = arguments
        writes = bool(flags & WRITING) if mode is None else any(letter in mode for letter in "wax+")
        return writes and isinstance(path, str | bytes) and not os.fsdecode(path).startswith(("/dev/", "/proc/"))
    return event == "os.mkdir"


def together(material: Material, rng: random.Random, number: int, midi: Path | None) -> Trials:
    """A pair of commands at once in one workspace; when every pair has been, also three."""
    turn, place = divmod(number, len(PAIRS))
    group = (*PAIRS[place], rng.choice(NAMES)) if turn else PAIRS[place]
    work = material.copy("everything")
    outcomes = dict(enumerate(run_together([WRITERS[name].command for name in group], work)))
    faults = [f"{group[place]}: {outcome.fault}" for place, outcome in outcomes.items() if outcome.fault]
    after = contents(work)
    for place, outcome in outcomes.items():
        name = group[place]
        made = material.after(name)[0].keys() - contents(material.folder(WRITERS[name].folder)).keys()
        if outcome.status == 0 and made - after.keys():
            faults.append(f"{name} lost {', '.join(sorted(made - after.keys()))}")
    yield " + ".join(group), "; ".join(faults) or ", ".join(leftovers(work))


def _torn(now: dict[str, bytes], before: dict[str, bytes], whole: dict[str, bytes]) -> str:
    """Files that are neither as they were nor as they should become."""
    torn = [
        path
        for path, content in now.items()
        if content not in (before.get(path), whole.get(path)) and ".part" not in path
    ]
    return ", ".join([*torn, *(f"{path} is gone" for path in before.keys() - now.keys())])


def _difference(now: dict[str, bytes], whole: dict[str, bytes]) -> str:
    paths = sorted(path for path in now.keys() | whole.keys() if now.get(path) != whole.get(path))
    return f"other files than undisturbed: {', '.join(paths)}" if paths else ""
