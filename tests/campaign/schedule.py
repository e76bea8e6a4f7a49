"""Shares the batches of a campaign's parts among processes, and gathers what they find.

Each part that is not done gets the same share of the time.
"""

import contextlib
import multiprocessing
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from tests.campaign.material import Material
from tests.campaign.parts import PARTS

MOST_SHOWN = 60
"""Kinds of faults of a part in the report."""

SAVED_AFTER = 15.0
"""Seconds between reports."""

PATIENCE = 20.0
"""Seconds that the last commands may run when the time is over."""


class Limits(NamedTuple):
    """Batches have the numbers from `first` on. trials: of each part; None: a whole campaign. until: by the monotonic
    clock."""

    seed: int
    until: float
    trials: int | None = None
    first: int = 0
    batches: int | None = None
    midi: Path | None = None


class Found(NamedTuple):
    """What a batch found. faults: the command and the fault of each trial that has one."""

    part: str
    batch: int
    trials: int
    seconds: float
    faults: list[tuple[str, str]]


@dataclass
class Tally:
    """What a part has found so far."""

    started: int = 0
    batches: int = 0
    trials: int = 0
    seconds: float = 0.0
    faults: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)

    def add(self, found: Found) -> None:
        self.batches += 1
        self.trials += found.trials
        self.seconds += found.seconds
        for command, fault in found.faults:
            self.faults[fault] += 1
            self.examples.setdefault(fault, f"{command} (batch {found.batch})")

    @property
    def spent(self) -> float:
        """Seconds, with those that the batches that run now will probably take."""
        return self.seconds + (self.started - self.batches) * (self.seconds / self.batches if self.batches else 1.0)

    def report(self, asked: int) -> dict[str, Any]:
        shown = self.faults.most_common(MOST_SHOWN)
        return {
            "batches": self.batches,
            "asked": asked,
            "trials": self.trials,
            "faults": self.faults.total(),
            "seconds": self.seconds,
            "found": {f"{fault} ({times} times)": self.examples[fault] for fault, times in shown},
        }


_material: Material
"""In a worker."""


def _begin(material: Material) -> None:
    global _material
    _material = material
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ["TMPDIR"] = str(material.root)


def _run_batch(part: str, number: int, limits: Limits, most: int | None) -> Found:
    began, count, faults = time.monotonic(), 0, []
    rng = random.Random(f"{limits.seed} {part} {number}")
    for command, fault in PARTS[part].trials(_material, rng, number, limits.midi):
        count += 1
        if fault:
            faults.append((command, fault))
        if count == most or time.monotonic() > limits.until:
            break
    return Found(part, number, count, time.monotonic() - began, faults)


Save = Callable[[dict[str, Any], list[str]], None]


def run_parts(material: Material, names: Sequence[str], jobs: int, limits: Limits, save: Save) -> None:
    """Save the report of each part, and what went wrong with the campaign itself, from time to time and at the end."""
    tallies = {name: Tally() for name in names}
    remarks: list[str] = []
    pool = ProcessPoolExecutor(jobs, multiprocessing.get_context("fork"), _begin, (material,))
    running: dict[Future[Found], str] = {}
    saved = time.monotonic()
    try:
        while _start(pool, running, jobs, tallies, limits):
            done, _ = wait(running, max(0.0, limits.until + PATIENCE - time.monotonic()), FIRST_COMPLETED)
            for future in done:
                what = running.pop(future)
                if error := future.exception():
                    remarks.append(f"{what} failed: {type(error).__name__}: {error}")
                else:
                    tallies[future.result().part].add(future.result())
            if not done:
                remarks.append(f"when the time was over there ran on: {', '.join(running.values())}")
                break
            if time.monotonic() > saved + SAVED_AFTER:
                save(_report(tallies, limits), remarks)
                saved = time.monotonic()
    except BrokenProcessPool as error:
        remarks.append(f"a process of the campaign died: {error}")
    _end(pool, bool(running))
    save(_report(tallies, limits), remarks)


def _start(
    pool: ProcessPoolExecutor, running: dict[Future[Found], str], jobs: int, tallies: dict[str, Tally], limits: Limits
) -> bool:
    """Start as many batches as there are processes for; whether any runs."""
    while len(running) < jobs and (name := _next(tallies, limits)):
        number = limits.first + tallies[name].started
        tallies[name].started += 1
        most = limits.trials - tallies[name].trials if limits.trials else None
        running[pool.submit(_run_batch, name, number, limits, most)] = f"batch {number} of {name}"
    return bool(running)


def _report(tallies: Mapping[str, Tally], limits: Limits) -> dict[str, Any]:
    return {name: tally.report(_asked(name, limits)) for name, tally in tallies.items()}


def _asked(name: str, limits: Limits) -> int:
    return PARTS[name].batches if limits.batches is None else limits.batches


def _next(tallies: Mapping[str, Tally], limits: Limits) -> str | None:
    """The part that has had the least time of those that are not done."""
    if time.monotonic() > limits.until:
        return None
    open_parts = {
        name: tally.spent
        for name, tally in tallies.items()
        if tally.started < _asked(name, limits)
        and (limits.trials is None or (tally.trials < limits.trials and tally.started == tally.batches))
    }
    return min(open_parts, key=lambda name: open_parts[name]) if open_parts else None


def _end(pool: ProcessPoolExecutor, at_once: bool) -> None:
    if not at_once:
        pool.shutdown()
        return
    for process in pool._processes.values():
        for command in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(int(command), signal.SIGKILL)
        process.kill()
    pool.shutdown(wait=False, cancel_futures=True)
