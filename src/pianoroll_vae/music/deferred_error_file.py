"""A file whose write errors are raised later, by `raise_deferred`.

The HDF5 library may crash the whole process when a write fails, for instance on a full disk. With this file
every write seems to succeed; the caller of the library then calls `raise_deferred`.
"""

from io import SEEK_SET
from pathlib import Path


class DeferredErrorFile:
    """A new binary file for reading and writing, with the methods of a file object that h5py calls."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("w+b", buffering=0)
        self._error: OSError | None = None

    def raise_deferred(self) -> None:
        """Raise the first error of a write, if there was one."""
        if self._error is not None:
            raise self._error

    def write(self, content: bytes) -> int:
        left = memoryview(content)
        try:
            while self._error is None and len(left):
                left = left[self._file.write(left) :]
        except OSError as error:
            self._error = error
        return len(content)

    def truncate(self, size: int) -> int:
        try:
            if self._error is None:
                self._file.truncate(size)
        except OSError as error:
            self._error = error
        return size

    def read(self, size: int = -1) -> bytes:
        return self._file.read(size)

    def readinto(self, buffer: memoryview) -> int:
        return self._file.readinto(buffer)

    def seek(self, offset: int, whence: int = SEEK_SET) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def flush(self) -> None:
        """Nothing is buffered here; `writing` calls fsync."""

    def close(self) -> None:
        self._file.close()
