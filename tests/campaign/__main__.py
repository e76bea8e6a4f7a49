"""Kills, full disks, damaged inputs, commands at once, real MIDI files and hostile words, for some minutes.

    make campaign MINUTES=20 JOBS=2 SEED=1 MIDI=FOLDER

Prints a table and writes a report as JSON. The exit status is 1 where anything was found. What takes long to import is
imported in `main`, because the workers that commands start import this module too.
"""

import argparse
import json
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

NAMES = ("kills", "full disk", "damaged inputs", "guided inputs", "together", "other readers", "hostile words")


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--minutes", type=float, default=20.0, help="at most, for all parts together")
    asked.add_argument("--jobs", type=int, default=1, help="processes that run commands")
    asked.add_argument("--trials", type=int, help="of each part, instead of all")
    asked.add_argument("--batch", type=int, help="only the batch of this number, which a report names")
    asked.add_argument("--cold", action="store_true", help="commands import and compile for themselves, and write more")
    asked.add_argument("--hang", type=float, default=300.0, help="seconds after which a command hangs: longer than any")
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--midi", type=Path, help="a folder of real MIDI files, for the part 'other readers'")
    asked.add_argument("--only", choices=NAMES, action="append", help="this part alone")
    asked.add_argument("--report", type=Path, default=Path("campaign.json"))
    options = asked.parse_args()
    _run(options)
    report = json.loads(options.report.read_text())
    _show(report, options.report)
    return int(any(part["faults"] for part in report["parts"].values()))


def _show(report: dict[str, Any], path: Path) -> None:
    from pianoroll_vae.console import Table, show_table

    rows = [
        (name, f"{part['batches']} of {part['asked']}", part["trials"], part["faults"], f"{part['seconds']:.0f}")
        for name, part in report["parts"].items()
    ]
    title = f"seed {report['seed']}, {report['seconds']:.0f} seconds, processes: {report['jobs']}"
    show_table(Table(title, ("part", "batches", "trials", "faults", "seconds"), rows, str(path)))
    for name, part in report["parts"].items():
        for fault, example in part["found"].items():
            print(f"{name}: {fault!r} e.g. {example!r}")
    for remark in report["remarks"]:
        print(remark)


def _run(options: argparse.Namespace) -> None:
    import torch

    from tests.campaign import command
    from tests.campaign.material import WARM_UP, Material
    from tests.campaign.schedule import Limits, run_parts

    began = time.monotonic()
    first, batches = (0, None) if options.batch is None else (options.batch, 1)
    until = began + options.minutes * 60
    limits = Limits(options.seed, until, options.trials, first, batches, options.midi and options.midi.resolve())
    torch.set_num_threads(1)
    command.SECONDS = options.hang
    if options.trials is None and not options.cold:  # a few trials import less by themselves
        command.import_commands()
    command.build_commands_once()

    def save(parts: dict[str, Any], remarks: list[str]) -> None:
        seconds = time.monotonic() - began
        report = {"seed": options.seed, "jobs": options.jobs, "seconds": seconds, "parts": parts, "remarks": remarks}
        options.report.write_text(json.dumps(report, indent=1) + "\n")

    root = Path(tempfile.mkdtemp(prefix="vaemusic-campaign-"))
    try:
        material = Material(root)
        for writer in WARM_UP[: 0 if options.cold else 1 if options.trials else None]:
            command.warm_up(writer.command, material.copy_of(writer))
        if options.jobs > 1:
            material.make_all()
        run_parts(material, options.only or NAMES, options.jobs, limits, save)
    finally:
        shutil.rmtree(root, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
