"""Reads rows of numbers out of an .npz file that nobody has vouched for.

numpy's own loader believes what a file says about itself: how large its arrays are, that they are no Python objects.
Here every size is compared with a limit before memory is asked for, and only what is asked for is inflated. What the
arrays mean is no business of this module.
"""

import json
import os
import re
import stat
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from pianoroll_vae.errors import FileUnreadable

MAX_FILE_BYTES = 64 << 20
MAX_MEMBERS = 4096
_DIRECTORY_END = struct.Struct("<4s4H2LH")
_DIRECTORY_ENTRY = struct.Struct("<4s6H3L5H2L")
_LOCAL_NAME_LENGTHS = struct.Struct("<26x2H")
_STORED, _DEFLATED = 0, 8
# What numpy writes for a row, or one column, of plain numbers; anything else is refused, unevaluated.
_NPY_HEADER = re.compile(
    rb"\{'descr': '([<>|=][biuf][1248])', 'fortran_order': (?:False|True), 'shape': \((\d{1,12})L?,(?: 1L?)?\), \}\s*\Z"
)


class Npz:
    """The members of one .npz file, held in memory compressed until they are asked for."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._bytes = read_regular_file(path)
        self._members = self._directory()

    def __contains__(self, name: str) -> bool:
        return name in self._members

    def array(self, name: str, most: int, kinds: str) -> np.ndarray[tuple[int], np.dtype[Any]]:
        """A read-only array (length,) of at most `most` items, whose dtype kind is one of `kinds` (numpy's letters)."""
        content = self._inflate(f"{name}.npy", most * 8 + 1024)
        start, dtype, length = self._npy_header(name, content)
        if dtype.kind not in kinds:
            raise self.refusal(f"holds {dtype} as {name}")
        if length > most:
            raise self.refusal(f"has {length:,} items in {name}, more than {most:,}")
        if len(content) - start != length * dtype.itemsize:
            raise self.refusal(f"says {name} has {length:,} items, but it is of another size")
        array = np.frombuffer(content, dtype, length, start)
        return array if dtype.isnative else array.astype(dtype.newbyteorder("="))

    def document(self, name: str) -> dict[str, Any]:
        """A JSON object."""
        try:
            document = json.loads(self._inflate(name, 1 << 20))
        except (ValueError, RecursionError) as error:
            raise self.refusal(f"has an {name} that is not JSON") from error
        if not isinstance(document, dict):
            raise self.refusal(f"has an {name} that is no JSON object")
        return document

    def refusal(self, reason: str) -> FileUnreadable:
        """What to raise when the file cannot be what its name says; `reason` follows the file's name."""
        return _refusal(self.path, reason)

    def _directory(self) -> dict[str, tuple[int, int, int, int, int]]:
        """For each member: method, checksum, compressed size, size, offset."""
        end = self._bytes.rfind(b"PK\x05\x06", -(_DIRECTORY_END.size + 0xFFFF))
        if end < 0 or end + _DIRECTORY_END.size > len(self._bytes):
            raise self.refusal("is empty" if not self._bytes else "is no npz file, or is cut short")
        _, _, _, _, count, _, offset, _ = _DIRECTORY_END.unpack_from(self._bytes, end)
        if count > MAX_MEMBERS:
            raise self.refusal(f"has {count:,} members, more than {MAX_MEMBERS:,}")
        members = {}
        for _ in range(count):
            if offset + _DIRECTORY_ENTRY.size > end:
                raise self.refusal("has a damaged list of members")
            (magic, _, _, flags, method, _, _, checksum, packed, size, name, extra, comment, _, _, _, local) = (
                _DIRECTORY_ENTRY.unpack_from(self._bytes, offset)
            )
            if magic != b"PK\x01\x02" or flags & 1 or method not in (_STORED, _DEFLATED):
                raise self.refusal("has a damaged or encrypted member")
            start = offset + _DIRECTORY_ENTRY.size
            key = self._bytes[start : start + name].decode("utf-8", "replace")
            members[key] = (method, checksum, packed, size, local)
            offset = start + name + extra + comment
        return members

    def _inflate(self, name: str, most: int) -> bytes:
        if name not in self._members:
            raise self.refusal(f"has no {name}")
        method, checksum, packed, size, local = self._members[name]
        if size > most:
            raise self.refusal(f"would take {size:,} bytes of memory for {name}, more than {most:,}")
        if local + 30 > len(self._bytes):
            raise self.refusal(f"has a {name} outside the file")
        start = local + 30 + sum(_LOCAL_NAME_LENGTHS.unpack_from(self._bytes, local))
        content = self._bytes[start : start + packed]
        if method == _DEFLATED:
            try:
                content = zlib.decompressobj(-zlib.MAX_WBITS).decompress(content, size + 1)
            except zlib.error as error:
                raise self.refusal(f"has a damaged {name}") from error
        if len(content) != size or zlib.crc32(content) != checksum:
            raise self.refusal(f"has a damaged {name}, or is cut short")
        return content

    def _npy_header(self, name: str, content: bytes) -> tuple[int, np.dtype[Any], int]:
        """Where the numbers begin, their type, how many there are."""
        if content[:6] != b"\x93NUMPY" or len(content) < 12:
            raise self.refusal(f"has a {name} that is no array")
        start = 10 + int.from_bytes(content[8:10], "little")
        if content[6] > 1:
            start = 12 + int.from_bytes(content[8:12], "little")
        header = content[10 if content[6] == 1 else 12 : start]
        match = _NPY_HEADER.match(header)
        if match is None:
            what = "holds Python objects" if b"O'" in header[:40] else "is no row of plain numbers"
            raise self.refusal(f"has a {name} that {what}")
        return start, np.dtype(match[1].decode()), int(match[2])


def _refusal(path: Path, reason: str) -> FileUnreadable:
    return FileUnreadable(f"{path} {reason}.", "Leave it out, or put a whole copy in its place.")


def read_regular_file(path: Path) -> bytes:
    """A file's bytes, if it is a file, and not an unreasonably large one."""
    try:
        with open(path, "rb", buffering=0, opener=_open_without_waiting) as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise _refusal(path, "is not a regular file")
            if status.st_size > MAX_FILE_BYTES:
                raise _refusal(path, f"has {status.st_size:,} bytes, more than {MAX_FILE_BYTES:,}")
            return file.read(MAX_FILE_BYTES)
    except OSError as problem:
        raise _refusal(path, f"cannot be read: {problem.strerror}") from problem


def _open_without_waiting(path: str, flags: int) -> int:
    """A pipe that somebody named .npz would otherwise be waited on for ever."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
