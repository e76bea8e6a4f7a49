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
KILLS_BY_SPEED = 4.0
"""Kills of all commands together before the slow ones, which take most of the time, get a kill each."""

SLOW_SECONDS = 1.0


def kills(material: Material, rng: random.Random, midi: Path | None) -> Trials:
    """Commands that are killed, then run again: the files are those of an undisturbed run."""
    for turn in itertools.count():
        for name, writer in WRITERS.items():
            if turn and turn % KILLS_BY_SPEED and material.after(name)[1] > SLOW_SECONDS:
                continue
            whole, seconds = material.after(name)
            before, work = contents(material.folder(writer.folder)), material.copy_of(writer)
            for _ in range(rng.randrange(1, 4)):
                outcome = run(writer.command, work, kill_after=rng.uniform(0, seconds * 1.1))
                if outcome.status not in (0, KILLED):
                    refused = name == "sample" and "is not empty" in outcome.err
                    yield name, "" if refused else outcome.fault or f"status {outcome.status}: {outcome.err[-200:]}"
                    continue
                torn = _torn(contents(work), before, whole) if not name.startswith(("train", "sample")) else ""
                yield name, f"half written after a kill: {torn}" if torn else ""
            outcome = run(writer.command, work)
            if name != "sample" or "is not empty" not in outcome.err:
                fault = outcome.fault or _difference(contents(work), whole) or ", ".join(leftovers(work))
                if fault:
                    yield f"{name} after kills", fault


def full_disk(material: Material, rng: random.Random, midi: Path | None) -> Trials:
    """The disk is full from some write on, at every place where a command writes: one message, and what was there
    before is as it was. Then there is room again, and the same command works."""
    sites: dict[str, int] = {}
    for turn in itertools.count():
        for name in WRITERS:
            sites[name] = sites.get(name) or _count_sites(material, name)
            for site in range(sites[name]):
                room = 0 if turn == 0 else rng.randrange(1, 1 << rng.randrange(1, 18))
                yield (
                    f"{name}, write {site + 1} of {sites[name]}, {room:,} bytes",
                    _fault_of_full_disk(material, name, site, room, again=rng.random() < 0.2),
                )


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
    work, count = material.copy_of(WRITERS[name]), material.root / "count"

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


def together(material: Material, rng: random.Random, midi: Path | None) -> Trials:
    """Every pair of commands at once in one workspace, then also three."""
    names = [name for name, writer in WRITERS.items() if writer.folder != "arranging"]
    pairs = list(itertools.combinations_with_replacement(names, 2))
    for turn in itertools.count():
        if turn:
            rng.shuffle(pairs)
        for pair in pairs:
            group = (*pair, rng.choice(names)) if turn else pair
            work = material.copy("everything")
            outcomes = run_together([WRITERS[name].command for name in group], work)
            faults = [
                f"{name}: {outcome.fault}" for name, outcome in zip(group, outcomes, strict=True) if outcome.fault
            ]
            after = contents(work)
            for name, outcome in zip(group, outcomes, strict=True):
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
