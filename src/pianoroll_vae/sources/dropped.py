"""What a stage left out, and why: counted for the table, listed for whoever wants to know which file it was."""

import csv
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from pianoroll_vae.workspace import writing

UNREADABLE = "unreadable"


@dataclass
class DroppedFiles:
    """Files left out. `reason` groups them, `detail` says what was the matter with this one."""

    entries: list[tuple[str, str, str]] = field(default_factory=list)
    """(reason, path, detail)."""

    counts: Counter[str] = field(default_factory=Counter)

    def add(self, path: Path | str, reason: str, detail: str = "") -> None:
        """Note a file; a detail that begins with the file's own name loses it."""
        self.entries.append((reason, str(path), detail.removeprefix(str(path)).strip().rstrip(".")))
        self.counts[reason] += 1

    def __len__(self) -> int:
        return len(self.entries)

    def write(self, path: Path) -> None:
        """Write the list as CSV, files that could not be read first. A name may hold any byte a file system takes."""
        ordered = sorted(self.entries, key=lambda entry: (entry[0] != UNREADABLE, entry))
        with writing(path) as part, part.open("w", encoding="utf-8", errors="backslashreplace", newline="") as file:
            table = csv.writer(file)
            table.writerow(("reason", "path", "detail"))
            table.writerows(ordered)
