"""Kills, full disks, damaged inputs, commands at once, real MIDI files and hostile words, for some minutes.

    make campaign MINUTES=20 SEED=1 MIDI=FOLDER

Prints a table and writes a report as JSON. The exit status is 1 where anything was found. What takes long to import is
imported in `main`, because the workers that commands start import this module too.
"""

import argparse
import json
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

NAMES = ("kills", "full disk", "damaged inputs", "together", "other readers", "hostile words")
MOST_SHOWN = 20
"""Kinds of faults of a part in the report."""


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--minutes", type=float, default=20.0, help="for all parts together")
    asked.add_argument("--trials", type=int, help="of each part, instead of minutes")
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--midi", type=Path, help="a folder of real MIDI files, for the part 'other readers'")
    asked.add_argument("--only", choices=NAMES, action="append", help="this part alone")
    asked.add_argument("--report", type=Path, default=Path("campaign.json"))
    options = asked.parse_args()
    parts = _run(options)
    rows = [(name, part["trials"], part["faults"], f"{part['seconds']:.0f}") for name, part in parts.items()]
    from pianoroll_vae.console import Table, show_table

    show_table(Table(f"seed {options.seed}", ("part", "trials", "faults", "seconds"), rows, str(options.report)))
    for name, part in parts.items():
        for fault, example in part["found"].items():
            print(f"{name}: {fault!r} e.g. {example!r}")
    return int(any(part["faults"] for part in parts.values()))


def _run(options: argparse.Namespace) -> dict[str, Any]:
    """The report of each part."""
    import torch

    from tests.campaign.command import build_commands_once, import_commands, warm_up
    from tests.campaign.material import WARM_UP, Material
    from tests.campaign.parts import PARTS

    torch.set_num_threads(1)
    if options.trials is None:  # a few trials import less by themselves
        import_commands()
    build_commands_once()
    root = Path(tempfile.mkdtemp(prefix="vaemusic-campaign-"))
    names = options.only or NAMES
    seconds = options.minutes * 60 / len(names)
    parts: dict[str, Any] = {}
    try:
        material = Material(root)
        warm_up(WARM_UP[:1] if options.trials else WARM_UP, material.copy("playing"))
        for name in names:
            trials = PARTS[name](material, random.Random(f"{options.seed} {name}"), options.midi)
            parts[name] = _count(trials, seconds, options.trials)
            options.report.write_text(json.dumps({"seed": options.seed, "parts": parts}, indent=1) + "\n")
    finally:
        shutil.rmtree(root, ignore_errors=True)
    return parts


def _count(trials: Iterator[tuple[str, str]], seconds: float, most: int | None) -> dict[str, Any]:
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
