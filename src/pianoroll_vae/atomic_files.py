"""Writing of files: whole or not at all, beside other runs that write, and with errors that have a hint."""

import errno
import glob
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pianoroll_vae.errors import FileUnreadable, FileUnwritable, WorkspaceBusy, WorkspaceMissing
from pianoroll_vae.paths import is_file, list_folder

try:
    import fcntl
except ImportError:  # Windows, where two simultaneous runs are not detected
    fcntl = None  # type: ignore[assignment]

DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
MAKE_ROOM = "Make room on the disk and run the command again."
_WRITE_ERRORS = (*DISK_FULL, errno.EROFS, errno.EIO)

_PARTS: list[Path] = []
"""The temporary files that this process is writing."""

_REQUIRED_FILES: list[Path] = []
"""One in each folder of `refuse_recreation`: where it is gone, the folder was removed."""


@contextmanager
def lock_file(path: Path, busy: WorkspaceBusy) -> Iterator[None]:
    """Hold the lock of a file; raises `busy` where another process holds it. A killed process leaves none."""
    with wrap_write_errors(path):
        handle = path.open("a")
    with handle:
        try:
            if fcntl:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise busy from None
        yield


@contextmanager
def writing(path: Path) -> Iterator[Path]:
    """Yield a temporary path next to `path`, and rename it to `path` when the block ends without an error.

    After an error the old file is unchanged and the temporary one is removed. What killed runs have left of this file
    is removed first.
    """
    with wrap_write_errors(path):
        _make_folder(path.parent)
        sweep_parts(path.parent, path.name)
        part, handle = _open_part(path)
    _PARTS.append(part)
    try:
        try:
            yield part
        except OSError as error:
            if error.errno in _WRITE_ERRORS:  # other errors are not about writing
                raise _unwritable(path, error) from error
            raise
        with wrap_write_errors(path):
            with part.open("rb+") as written:
                os.fsync(written.fileno())
            part.chmod(0o666 & ~_umask())
            refuse_removed_workspace(path)
            part.replace(path)
    except BaseException:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise
    finally:
        _PARTS.remove(part)
        os.close(handle)


def remove_parts() -> None:
    """Remove the temporary files that this process is writing, which is about to end."""
    for part in _PARTS:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def _open_part(path: Path) -> tuple[Path, int]:
    """A new temporary file beside `path`, locked for as long as its handle is open."""
    while True:
        handle, name = tempfile.mkstemp(prefix=f".{path.name[:80]}.", suffix=f".part{path.suffix}", dir=path.parent)
        if fcntl:
            fcntl.flock(handle, fcntl.LOCK_EX)
        if os.fstat(handle).st_nlink:
            return Path(name), handle
        os.close(handle)  # another process swept it before it was locked


def sweep_parts(folder: Path, name: str = "") -> None:
    """Remove the temporary files of killed runs, which no process has locked; `name`: only those of this file."""
    if not fcntl:
        return
    pattern = f".{glob.escape(name[:80])}.*.part{glob.escape(Path(name).suffix)}" if name else ".*.part*"
    parts: list[Path] = []
    with suppress(FileUnreadable):
        parts = list_folder(folder, pattern)
    for part in parts:
        with suppress(OSError):
            handle = os.open(part, os.O_RDWR)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                part.unlink(missing_ok=True)
            finally:
                os.close(handle)


def _make_folder(folder: Path) -> None:
    """Make the folder and those above it, but no workspace that was removed."""
    refuse_removed_workspace(folder)
    roots = (required.parent for required in _REQUIRED_FILES)
    root = next((root for root in roots if folder.is_relative_to(root)), None)
    if root is None:
        folder.mkdir(parents=True, exist_ok=True)
        return
    for part in reversed([folder, *folder.parents]):
        if part != root and part.is_relative_to(root):
            part.mkdir(exist_ok=True)


@contextmanager
def refuse_recreation(workspace: Path, required: str) -> Iterator[None]:
    """Until the block ends, refuse to write into the workspace once its file `required` is gone."""
    _REQUIRED_FILES.append(workspace / required)
    try:
        yield
    finally:
        _REQUIRED_FILES.remove(workspace / required)


def refuse_removed_workspace(path: Path) -> None:
    """Raise an error if `path` is in a workspace of `refuse_recreation` that was removed."""
    for required in _REQUIRED_FILES:
        if path.is_relative_to(required.parent) and not is_file(required):
            raise WorkspaceMissing(
                f"The workspace {required.parent} was removed while this command wrote into it.",
                "Make it anew and run the command again: vaemusic init.",
            )


@contextmanager
def wrap_write_errors(path: Path) -> Iterator[None]:
    """Convert an OSError of writing into FileUnwritable."""
    try:
        yield
    except OSError as error:
        raise _unwritable(path, error) from error


def _unwritable(path: Path, error: OSError) -> FileUnwritable:
    full = error.errno in DISK_FULL
    hint = MAKE_ROOM if full else "Choose a path where you have permission to write."
    if error.errno in (errno.EEXIST, errno.ENOTDIR):
        hint = "A file is where a folder is needed: choose another path."
    return FileUnwritable(f"Cannot write {path}: {error.strerror or error}.", hint)


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file atomically."""
    with writing(path) as part, wrap_write_errors(path):
        part.write_bytes(content)


def write_text(path: Path, content: str) -> None:
    """Write a text file atomically; bytes of file names that are no text are escaped."""
    write_bytes(path, content.encode(errors="backslashreplace"))


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
