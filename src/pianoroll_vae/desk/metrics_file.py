"""The metrics of training: a JSON line for each epoch of each network, with its schema, its reader and its writer.

A line that is no JSON, such as a full disk or a kill leaves one, is left out. A line of JSON that is no record is an
error: its file is not what training has written.
"""

import itertools
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields
from os import SEEK_END
from pathlib import Path
from typing import Any, Literal

from pianoroll_vae.atomic_files import refuse_removed_workspace, wrap_write_errors
from pianoroll_vae.errors import ArtifactDamaged
from pianoroll_vae.paths import is_file, unreadable
from pianoroll_vae.schema import SchemaError, bounded, build, load_json

Record = Mapping[str, Any]

MAX_LINE_BYTES = 1 << 16
TAIL_BYTES = 1 << 20
"""At the end of the file, more than the records of an epoch."""

MAX_NETWORKS = 100
MAX_EPOCHS = 10**9
MAX_FIGURE = 1e30
_NETWORK_NAME = re.compile(r"[A-Za-z0-9 _-]{1,40}")


def _figure(default: Any = MISSING) -> Any:
    """A field of a number that may be nan or infinite."""
    return field(default=default, metadata={"finite": False, "min": -MAX_FIGURE, "max": MAX_FIGURE})


@dataclass(frozen=True)
class EpochRecord:
    """What is read of a line. Other figures of an epoch, and the settings of its run, are in `others`."""

    stage: Literal["vae", "melody", "conditional", "bar_vae", "groove"]
    instrument: str
    run: str
    epoch: int = bounded(minimum=1, maximum=MAX_EPOCHS)
    loss: float = _figure()
    valid_loss: float | None = _figure(None)
    f1: float | None = _figure(None)
    seconds: float = bounded(0.0, 0, MAX_FIGURE)
    best_epoch: int = bounded(1, 0)
    ended: str = ""
    others: Mapping[str, str | int | float | None] = field(
        default_factory=dict, metadata={"finite": False, "min": -MAX_FIGURE, "max": MAX_FIGURE}
    )

    def __post_init__(self) -> None:
        if not _NETWORK_NAME.fullmatch(self.instrument):
            raise SchemaError("instrument", self.instrument, "a name of letters, digits, spaces, '-' and '_'")

    @property
    def rate(self) -> float:
        """Samples a second."""
        found = (value for name, value in self.others.items() if name.endswith("_per_second"))
        return next((float(value) for value in found if isinstance(value, int | float)), 0.0)


_OWN = {entry.name for entry in fields(EpochRecord)} - {"others"}


def parse_record(values: Any) -> EpochRecord:
    """The record in the JSON value of a line; SchemaError where it is none."""
    if not isinstance(values, dict):
        raise SchemaError("it", values, "a table of names and values")
    own = {name: value for name, value in values.items() if name in _OWN}
    return build(EpochRecord, {**own, "others": {name: values[name] for name in values if name not in _OWN}})


def read_metrics(path: Path) -> Iterator[tuple[EpochRecord, dict[str, Any]]]:
    """Every record, and the whole line that it is read from; none where there is no file."""
    if not is_file(path):
        return
    networks = set()
    try:
        with path.open("rb") as file:
            for number in itertools.count(1):
                line = file.readline(MAX_LINE_BYTES)
                if not line:
                    return
                values = _json_of(line)
                if values is None:
                    continue
                record = _checked(path, number, values)
                networks.add((record.stage, record.instrument))
                if len(networks) > MAX_NETWORKS:
                    raise _damaged(path, number, f"more than {MAX_NETWORKS} networks")
                yield record, values
    except OSError as problem:
        raise unreadable(path, problem) from None


def _checked(path: Path, number: int, values: Any) -> EpochRecord:
    try:
        return parse_record(values)
    except SchemaError as wrong:
        raise _damaged(path, number, str(wrong)) from None


def _damaged(path: Path, number: int, why: str) -> ArtifactDamaged:
    return ArtifactDamaged(
        f"{path}, line {number:,}, is no epoch of training: {why}.",
        "Remove that line. Nothing but vaemusic history reads this file.",
    )


def _json_of(line: bytes) -> Any:
    try:
        return load_json(line)
    except ValueError:
        return None


def append_epoch(path: Path, records: Sequence[Record]) -> None:
    """Append the records of an epoch, in place of those that a killed run has written of it."""
    refuse_removed_workspace(path)
    with wrap_write_errors(path), path.open("ab+") as file:
        end = file.seek(0, SEEK_END)
        file.seek(max(end - TAIL_BYTES, 0))
        for line in reversed(file.read().splitlines(keepends=True)):
            if line.endswith(b"\n") and not _is_of_epoch(line, records[0]):
                break
            end -= len(line)
        file.truncate(end)
        file.write(b"".join(json.dumps(record).encode() + b"\n" for record in records))


def _is_of_epoch(line: bytes, record: Record) -> bool:
    """Whether a line is of the same run and epoch as a record."""
    values = _json_of(line)
    keys = ("run", "stage", "epoch")
    return isinstance(values, dict) and all(values.get(key) == record[key] for key in keys)
