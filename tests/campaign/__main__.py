"""Kills, full disks, damaged inputs, commands at once, real MIDI files and hostile words, for some minutes.

    make campaign MINUTES=20 SEED=1 MIDI=FOLDER

Prints a table and writes a report as JSON. The exit status is 1 where anything was found.
"""

import argparse
import json
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import torch

from pianoroll_vae.console import Table, show_table
from tests.campaign.command import import_commands
from tests.campaign.material import make
from tests.campaign.parts import PARTS

MOST_SHOWN = 20
"""Kinds of faults of a part in the report."""


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--minutes", type=float, default=20.0, help="for all parts together")
    asked.add_argument("--trials", type=int, help="of each part, instead of minutes")
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--midi", type=Path, help="a folder of real MIDI files, for the part 'other readers'")
    asked.add_argument("--only", choices=sorted(PARTS), action="append", help="this part alone")
    asked.add_argument("--report", type=Path, default=Path("campaign.json"))
    options = asked.parse_args()
    torch.set_num_threads(1)
    import_commands()
    root = Path(tempfile.mkdtemp(prefix="vaemusic-campaign-"))
    try:
        material = make(root)
        names = options.only or list(PARTS)
        seconds = options.minutes * 60 / len(names)
        parts = {}
        for name in names:
            trials = PARTS[name](material, random.Random(f"{options.seed} {name}"), options.midi)
            parts[name] = _count(trials, seconds, options.trials)
            options.report.write_text(json.dumps({"seed": options.seed, "parts": parts}, indent=1) + "\n")
    finally:
        shutil.rmtree(root, ignore_errors=True)
    rows = [(name, part["trials"], part["faults"], f"{part['seconds']:.0f}") for name, part in parts.items()]
    show_table(Table(f"seed {options.seed}", ("part", "trials", "faults", "seconds"), rows, str(options.report)))
    for name, part in parts.items():
        for fault, example in part["found"].items():
            print(f"{name}: {fault!r} e.g. {example!r}")
    return int(any(part["faults"] for part in parts.values()))


def _count(trials, seconds: float, most: int | None) -> dict:  # type: ignore[no-untyped-def, type-arg]
    began, count = time.monotonic(), 0
    faults: Counter[str] = Counter()
    examples: dict[str, str] = {}
    for command, fault in trials:
        count += 1
        if fault:
            faults[fault] += 1
            examples.setdefault(fault, command)
        if count >= most if most else time.monotonic() - began > seconds:
            break
    found = {f"{fault} ({times} times)": examples[fault] for fault, times in faults.most_common(MOST_SHOWN)}
    return {"trials": count, "faults": faults.total(), "seconds": time.monotonic() - began, "found": found}


if __name__ == "__main__":
    sys.exit(main())
