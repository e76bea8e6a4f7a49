"""Checks a soundfont of version 2 whole before the synthesizer, which checks nothing, opens the file.

A soundfont is RIFF: sound, and nine tables of records that point into each other by number: presets to zones, zones to
generators, generators to instruments and samples, samples to places in the sound.
"""

import struct
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.errors import FileUnreadable
from pianoroll_vae.paths import unreadable

MAX_TABLE_BYTES = 16 << 20
PLACES = ("start", "end", "loop_start", "loop_end")
ZONE = [("generator", "<u2"), ("modulator", "<u2")]
GENERATOR = [("kind", "<u2"), ("amount", "<u2")]
MODULATOR = [("record", "V10")]
TABLES: Mapping[str, np.dtype[np.void]] = {
    name: np.dtype(record)
    for name, record in {
        "phdr": [("name", "S20"), ("program", "<u2"), ("bank", "<u2"), ("zone", "<u2"), ("library", "V12")],
        "pbag": ZONE,
        "pmod": MODULATOR,
        "pgen": GENERATOR,
        "inst": [("name", "S20"), ("zone", "<u2")],
        "ibag": ZONE,
        "imod": MODULATOR,
        "igen": GENERATOR,
        "shdr": [
            ("name", "S20"),
            *((name, "<u4") for name in (*PLACES, "rate")),
            ("pitch", "u1"),
            ("correction", "i1"),
            ("link", "<u2"),
            ("type", "<u2"),
        ],
    }.items()
}
"""The records of each table; the last one of a table only ends it."""

Tables = Mapping[str, NDArray[np.void]]


class SoundfontLayout(NamedTuple):
    """What is not in the tables."""

    samples: int
    """How many samples of sound there are."""

    tables: Mapping[str, int]
    """The byte of the file at which each table begins."""


KEY_RANGE, VELOCITY_RANGE, INSTRUMENT, SAMPLE = 43, 44, 41, 53
OFFSETS = (0, 1, 2, 3)
"""Generators that move these places of a sample by that many samples."""

COARSE_OFFSETS = (4, 12, 45, 50)
COARSE_UNIT = 32_768
"""The same in units of so many samples."""

RATES = (400, 192_000)
MAX_KIND = 60
"""The synthesizer has room for so many kinds of generators."""

TIMES, MAX_TIME = (21, 23, 25, 26, 27, 28, 30, 33, 34, 35, 36, 38), 8000
"""Generators of delays and envelopes, and their largest amount: 2 to the power of its 1,200th part, in seconds."""


class _DamagedError(Exception):
    """What is wrong continues the sentence "this soundfont …"."""


def check_soundfont(path: Path) -> None:
    """Raise FileUnreadable where the file is no sound soundfont."""
    hint = "Name another soundfont: --soundfont FILE.sf2."
    try:
        with path.open("rb") as file:
            head = file.read(12)
            if head[:4] != b"RIFF" or head[8:] != b"sfbk":
                raise FileUnreadable(
                    f"{path} is not a soundfont.", "Name a soundfont of version 2: --soundfont FILE.sf2."
                )
            tables, layout = read_tables(file)
            _check_tables(tables, layout.samples)
    except OSError as problem:
        raise FileUnreadable(unreadable(path, problem).message, hint) from None
    except _DamagedError as damage:
        raise FileUnreadable(f"{path} is damaged: it {damage}.", hint) from None


def read_tables(file: BinaryIO) -> tuple[Tables, SoundfontLayout]:
    """The tables, and where to find what is not in them."""
    size = file.seek(0, 2)
    tables: dict[str, NDArray[np.void]] = {}
    begins: dict[str, int] = {}
    samples = None
    for kind, begin, end in _chunks(file, 12, size):
        if kind != b"LIST":
            continue
        file.seek(begin)
        form = file.read(4)
        for name, first, last in _chunks(file, begin + 4, end):
            if form == b"sdta" and name == b"smpl":
                samples = (last - first) // 2
            elif form == b"pdta" and name.decode("ascii", "replace") in TABLES:
                tables[name.decode("ascii")] = _table(file, name.decode("ascii"), first, last)
                begins[name.decode("ascii")] = first
    missing = [name for name in TABLES if name not in tables]
    if missing or samples is None:
        raise _DamagedError(f"has no {', '.join(missing) or 'samples'}")
    return tables, SoundfontLayout(samples, begins)


def _chunks(file: BinaryIO, position: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Name, begin and end of each chunk; their contents begin on even places."""
    while position + 8 <= end:
        file.seek(position)
        name, length = struct.unpack("<4sI", file.read(8))
        begin, position = position + 8, position + 8 + length + length % 2
        if begin + length > end:
            raise _DamagedError("breaks off, or has a wrong length")
        yield name, begin, begin + length


def _table(file: BinaryIO, name: str, begin: int, end: int) -> NDArray[np.void]:
    record, length = TABLES[name], end - begin
    if length % record.itemsize or not record.itemsize <= length <= MAX_TABLE_BYTES:
        raise _DamagedError(f"has a table {name} of {length:,} bytes")
    file.seek(begin)
    return np.frombuffer(file.read(length), record)


def _check_tables(tables: Tables, samples: int) -> None:
    for heads, zones, generators, modulators in (("phdr", "pbag", "pgen", "pmod"), ("inst", "ibag", "igen", "imod")):
        _check_order(heads, tables[heads]["zone"], len(tables[zones]))
        _check_order(zones, tables[zones]["generator"], len(tables[generators]))
        _check_order(zones, tables[zones]["modulator"], len(tables[modulators]))
    _check_generators(tables["pgen"], INSTRUMENT, len(tables["inst"]) - 1)
    _check_generators(tables["igen"], SAMPLE, len(tables["shdr"]) - 1)
    _check_zones(tables["phdr"], tables["pbag"], tables["pgen"], INSTRUMENT)
    _check_zones(tables["inst"], tables["ibag"], tables["igen"], SAMPLE)
    _check_samples(tables["shdr"][:-1], samples)
    _check_offsets(tables, samples)


def _check_order(table: str, numbers: NDArray[np.uint16], count: int) -> None:
    """Numbers of the first of some records must ascend to the last record, which ends that table."""
    ascending = numbers.astype(np.int64)
    if (np.diff(ascending) < 0).any() or ascending[-1] != count - 1:
        raise _DamagedError(f"has numbers in its table {table} that lead nowhere")


def _check_generators(generators: NDArray[np.void], target: int, count: int) -> None:
    """Generators that name an instrument or a sample, and ranges of keys and velocities."""
    kind, amount = generators["kind"][:-1], generators["amount"][:-1]
    if (amount[kind == target] >= count).any():
        raise _DamagedError("names instruments or samples that it has not")
    if (kind > MAX_KIND).any() or (amount.view(np.int16)[np.isin(kind, TIMES)] > MAX_TIME).any():
        raise _DamagedError("has generators of an unknown kind, or times of many hours")
    ranges = amount[(kind == KEY_RANGE) | (kind == VELOCITY_RANGE)]
    low, high = ranges & 0xFF, ranges >> 8
    if ((low > high) | (high > 127)).any():
        raise _DamagedError("has impossible ranges of keys or velocities")


def _check_zones(heads: NDArray[np.void], zones: NDArray[np.void], generators: NDArray[np.void], target: int) -> None:
    """Every zone ends with its instrument or sample, but for the first one, which may hold for all zones."""
    begin, end = zones["generator"][:-1].astype(np.int64), zones["generator"][1:].astype(np.int64)
    ends_well = (begin < end) & (generators["kind"][np.maximum(end - 1, 0)] == target)
    ends_well[heads["zone"][:-1][heads["zone"][:-1] < len(ends_well)]] = True
    if not ends_well.all() or np.count_nonzero(generators["kind"][:-1] == target) > len(ends_well):
        raise _DamagedError("has zones without an instrument or a sample")


def _check_samples(headers: NDArray[np.void], samples: int) -> None:
    start, end, loop_start, loop_end = (headers[name].astype(np.int64) for name in PLACES)
    rate = headers["rate"]
    places = (start < end) & (end <= samples) & (loop_start <= loop_end) & (loop_end <= samples)
    if not (places & (rate >= RATES[0]) & (rate <= RATES[1])).all():
        raise _DamagedError("has samples outside of its sound, or of an impossible rate")


def _check_offsets(tables: Tables, samples: int) -> None:
    """Generators may move the start, the end and the loop of a sample, but not out of the sound."""
    if (tables["pgen"]["amount"][:-1][np.isin(tables["pgen"]["kind"][:-1], [*OFFSETS, *COARSE_OFFSETS])] != 0).any():
        raise _DamagedError("moves the ends of samples of a whole preset")
    sample, moves = zone_moves(tables)
    for name, move in moves.items():
        place = tables["shdr"][name][sample].astype(np.int64) + move
        if ((place < 0) | (place > samples))[sample >= 0].any():
            raise _DamagedError("moves the ends of samples out of its sound")


def zone_moves(tables: Tables) -> tuple[NDArray[np.int64], Mapping[str, NDArray[np.int64]]]:
    """Of each zone of the instruments, (zones,): its sample, -1 where it has none, and by how much it moves each of the
    places of that sample."""
    zones = zone_of_generators(tables)
    kind, amount = tables["igen"]["kind"][:-1], tables["igen"]["amount"][:-1].astype(np.int64)
    sample = np.full(len(tables["ibag"]) - 1, -1)
    sample[zones[kind == SAMPLE]] = amount[kind == SAMPLE]
    first = _repeated(tables["inst"]["zone"][:-1].astype(np.int64), tables["inst"]["zone"])
    moves = {name: np.zeros(len(sample), np.int64) for name in PLACES}
    for name, fine, coarse in zip(PLACES, OFFSETS, COARSE_OFFSETS, strict=True):
        for offset, unit in ((fine, 1), (coarse, COARSE_UNIT)):
            moved = np.zeros(len(sample), np.int64)
            moved[zones[kind == offset]] = amount[kind == offset].astype(np.int16).astype(np.int64) * unit
            moves[name] += np.where(
                (moved == 0) & (sample[first] < 0), moved[first], moved
            )  # a zone for the whole instrument
    return sample, moves


def zone_of_generators(tables: Tables) -> NDArray[np.int64]:
    """(generators of instruments,): the zone of each."""
    return _repeated(np.arange(len(tables["ibag"]) - 1), tables["ibag"]["generator"])


def _repeated(values: NDArray[np.int64], firsts: NDArray[np.uint16]) -> NDArray[np.int64]:
    """Each value as often as its record has others; firsts: of each record, and of the one that ends the table."""
    ends = firsts.astype(np.int64)
    return np.repeat(values, ends[1:] - ends[:-1])
