"""Reads one-dimensional number arrays and JSON from untrusted .npz files, with limits on sizes.

`numpy.load` would allocate whatever a file declares. Here every declared size is compared with a limit before memory
is allocated, and only the members that are read are decompressed. `zipfile` lists the members; decompressing them
and parsing the array headers without it and numpy halves the time for a song (tests/bench/npz_speed.py).
"""

import io
import json
import os
import re
import stat
import struct
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from pianoroll_vae.errors import FileUnreadable
from pianoroll_vae.paths import open_without_waiting

MAX_NPZ_BYTES = 64 << 20
MAX_MEMBERS = 4096
_CENTRAL_DIRECTORY_ENTRY = b"PK\x01\x02"
_LOCAL_HEADER = struct.Struct("<26x2H")
"""Of a member: the lengths of its name and its extra field, which its bytes follow."""

_ENCRYPTED = 1
_ZIP_ERRORS = (zipfile.BadZipFile, struct.error, EOFError, NotImplementedError, OSError, OverflowError, ValueError)
"""What `zipfile` raises for a damaged or unsupported list of members."""

# What numpy writes for a row, or one column, of plain numbers; Python objects and further dimensions do not match.
_NPY_HEADER = re.compile(
    rb"\{'descr': '([<>|=][biuf][1248])', 'fortran_order': (?:False|True), 'shape': \((\d{1,12})L?,(?: 1L?)?\), \}\s*\Z"
)


class Npz:
    """The members of one .npz file, held in memory compressed until they are read."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._content = content = read_regular_file(path)
        if content.count(_CENTRAL_DIRECTORY_ENTRY) > MAX_MEMBERS:  # before zipfile makes an object of each
            raise self.error(f"has more than {MAX_MEMBERS:,} members")
        try:
            self._archive = zipfile.ZipFile(io.BytesIO(content))
        except _ZIP_ERRORS as error:
            raise self.error("is not an npz file, or is cut short" if content else "is empty") from error

    def __contains__(self, name: str) -> bool:
        return name in self._archive.NameToInfo

    def array(self, name: str, max_items: int, kinds: str) -> np.ndarray[tuple[int], np.dtype[Any]]:
        """A read-only array (length,) of at most `max_items` items whose dtype kind is in `kinds` (numpy's letters)."""
        content = self._decompress(f"{name}.npy", max_items * 8 + 1024)
        start, dtype, length = self._npy_header(name, content)
        if dtype.kind not in kinds:
            raise self.error(f"has values of type {dtype} in {name}")
        if length > max_items:
            raise self.error(f"has {length:,} items in {name}, more than {max_items:,}")
        if len(content) - start != length * dtype.itemsize:
            raise self.error(f"declares {length:,} items in {name} but has another number")
        array = np.frombuffer(content, dtype, length, start)
        return array if dtype.isnative else array.astype(dtype.newbyteorder("="))

    def document(self, name: str) -> dict[str, Any]:
        """A JSON object."""
        try:
            document = json.loads(self._decompress(name, 1 << 20))
        except (ValueError, RecursionError) as error:
            raise self.error(f"has an {name} that is not JSON") from error
        if not isinstance(document, dict):
            raise self.error(f"has an {name} that is not a JSON object")
        return document

    def error(self, reason: str) -> FileUnreadable:
        """The error to raise for an invalid file; `reason` follows the file's name in the message."""
        return damaged_file(self.path, reason)

    def _decompress(self, name: str, max_bytes: int) -> bytes:
        member = self._archive.NameToInfo.get(name)
        if member is None:
            raise self.error(f"has no {name}")
        if member.file_size > max_bytes:
            raise self.error(f"would take {member.file_size:,} bytes of memory for {name}, more than {max_bytes:,}")
        if member.flag_bits & _ENCRYPTED or member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise self.error(f"has {name} encrypted or in an unsupported compression")
        if not 0 <= member.header_offset <= len(self._content) - _LOCAL_HEADER.size:
            raise self.error(f"has {name} outside the file")
        lengths = _LOCAL_HEADER.unpack_from(self._content, member.header_offset)
        start = member.header_offset + _LOCAL_HEADER.size + sum(lengths)
        content = self._content[start : start + member.compress_size]
        if member.compress_type == zipfile.ZIP_DEFLATED:
            try:
                content = zlib.decompressobj(-zlib.MAX_WBITS).decompress(content, member.file_size + 1)
            except zlib.error as error:
                raise self.error(f"has a damaged {name}") from error
        if len(content) != member.file_size or zlib.crc32(content) != member.CRC:
            raise self.error(f"has a damaged {name}, or is cut short")
        return content

    def _npy_header(self, name: str, content: bytes) -> tuple[int, np.dtype[Any], int]:
        """The offset of the values, their dtype and their number."""
        if content[:6] != b"\x93NUMPY" or len(content) < 12:
            raise self.error(f"has a {name} that is not an array")
        start = 10 + int.from_bytes(content[8:10], "little")
        if content[6] > 1:
            start = 12 + int.from_bytes(content[8:12], "little")
        header = content[10 if content[6] == 1 else 12 : start]
        match = _NPY_HEADER.match(header)
        if match is None:
            what = "holds Python objects" if b"O'" in header[:40] else "is not a row of plain numbers"
            raise self.error(f"has a {name} that {what}")
        return start, np.dtype(match[1].decode()), int(match[2])


def damaged_file(path: Path, reason: str) -> FileUnreadable:
    """The error of a file of a collection that cannot be used."""
    return FileUnreadable(f"{path} {reason}.", "Remove it, or replace it with an undamaged copy.")


def read_regular_file(path: Path) -> bytes:
    """The bytes of a regular file of at most `MAX_NPZ_BYTES`."""
    try:
        with open(path, "rb", buffering=0, opener=open_without_waiting) as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise damaged_file(path, "is not a regular file")
            if status.st_size > MAX_NPZ_BYTES:
                raise damaged_file(path, f"has {status.st_size:,} bytes, more than {MAX_NPZ_BYTES:,}")
            return file.read(status.st_size)
    except OSError as problem:
        raise damaged_file(path, f"cannot be read: {problem.strerror}") from problem
