"""Collects the files that a stage drops and the reasons, for its table and its CSV report."""

import csv
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from pianoroll_vae.atomic_files import writing

UNREADABLE = "unreadable"


@dataclass
class DroppedFiles:
    """Dropped files. `reason` groups them; `detail` is about one file."""

    entries: list[tuple[str, str, str]] = field(default_factory=list)
    """(reason, path, detail)."""

    counts: Counter[str] = field(default_factory=Counter)

    def add(self, path: Path | str, reason: str, detail: str = "") -> None:
        """Add a file; the path at the beginning of `detail` is removed."""
        self.entries.append((reason, str(path), detail.removeprefix(str(path)).strip().rstrip(".")))
        self.counts[reason] += 1

    def __len__(self) -> int:
        return len(self.entries)

    def write(self, path: Path) -> None:
        """Write the list as CSV, unreadable files first. File names may contain bytes that are not valid UTF-8."""
        ordered = sorted(self.entries, key=lambda entry: (entry[0] != UNREADABLE, entry))
        with writing(path) as part, part.open("w", encoding="utf-8", errors="backslashreplace", newline="") as file:
            table = csv.writer(file)
            table.writerow(("reason", "path", "detail"))
            table.writerows(ordered)
