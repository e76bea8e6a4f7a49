"""Lets one server at a time work in a session's folder."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pianoroll_vae.errors import WorkspaceBusy
from pianoroll_vae.workspace import wrap_write_errors

try:
    import fcntl
except ImportError:  # Windows, where two simultaneous servers are not detected
    fcntl = None  # type: ignore[assignment]


@contextmanager
def lock_folder(folder: Path) -> Iterator[None]:
    """Hold the folder's lock; WorkspaceBusy where another server holds it. A killed server leaves none."""
    with wrap_write_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        handle = (folder / "lock").open("a")
    with handle:
        try:
            if fcntl:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise WorkspaceBusy(
                f"Another studio is open in {folder}.", "Use its page, or name another folder: --folder DIR."
            ) from None
        yield
