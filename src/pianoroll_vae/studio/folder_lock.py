"""Lets one server at a time work in a session's folder."""

from contextlib import AbstractContextManager
from pathlib import Path

from pianoroll_vae.atomic_files import lock_file, wrap_write_errors
from pianoroll_vae.errors import WorkspaceBusy


def lock_folder(folder: Path) -> AbstractContextManager[None]:
    """Hold the folder's lock, and make the folder where there is none; WorkspaceBusy where another server holds it."""
    with wrap_write_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
    hint = "Use its page, or name another folder: --folder DIR."
    return lock_file(folder / "lock", WorkspaceBusy(f"Another studio is open in {folder}.", hint))
