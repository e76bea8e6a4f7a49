"""The errors that a user can cause or put right. Each has a message and a hint.

    VaemusicError
    ├── WorkspaceMissing     no vaemusic.toml here or above
    ├── WorkspaceBusy        another run holds the workspace
    ├── ArtifactMissing      a stage has not run yet
    ├── ArtifactStale        made from something that has changed since
    ├── ArtifactDamaged      one of our own files is damaged, or of another recipe
    ├── SettingInvalid       an invalid option or key of vaemusic.toml
    ├── NothingFound         a valid search without a result
    ├── FileUnreadable       an input file is missing, damaged or of another format
    ├── FileUnwritable       the disk is full, or a path is not writable
    ├── PackageMissing       an optional package is not installed
    ├── DeviceUnavailable    the requested device is missing or too small
    └── TrainingDiverged     the loss is not a finite number

The command line prints them and sets the exit status. Any other exception is a bug and keeps its traceback.
"""

import difflib
import shlex
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

Made = TypeVar("Made")


class VaemusicError(Exception):
    """An error that the user can put right. `message`: what is wrong; `hint`: what to do."""

    exit_status = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __reduce__(self) -> tuple[type, tuple[str, str]]:
        """Pickle the hint too: workers send errors to the main process."""
        return type(self), (self.message, self.hint)


class WorkspaceMissing(VaemusicError):
    pass


class WorkspaceBusy(VaemusicError):
    pass


class ArtifactMissing(VaemusicError):
    pass


class ArtifactStale(VaemusicError):
    pass


class ArtifactDamaged(VaemusicError):
    pass


class SettingInvalid(VaemusicError):
    pass


class NothingFound(VaemusicError):
    pass


class FileUnreadable(VaemusicError):
    pass


class FileUnwritable(VaemusicError):
    pass


class PackageMissing(VaemusicError):
    pass


class DeviceUnavailable(VaemusicError):
    pass


class TrainingDiverged(VaemusicError):
    pass


def without_pytorch() -> PackageMissing:
    """What a command that trains, or plays the recipes of the thesis, ends with where PyTorch is not installed."""
    python = shlex.quote(sys.executable)
    return PackageMissing(
        "This needs PyTorch, which is not installed: the recipe arranger plays without it, training does not.",
        f"Run: {python} -m pip install 'pianoroll-vae[train]'",
    )


def read_each(
    read: Callable[[Path], Made], paths: Iterable[Path]
) -> tuple[list[tuple[Path, Made]], list[tuple[Path, VaemusicError]]]:
    """What the files hold, and the errors of those that cannot be read: one broken file does not hide the others."""
    made, errors = [], []
    for path in paths:
        try:
            made.append((path, read(path)))
        except VaemusicError as error:
            errors.append((path, error))
    return made, errors


def counted(number: int, noun: str) -> str:
    """'1 song', '1,200 songs': of nouns whose plural ends in s."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


MAX_NAMES = 20


def suggest(name: str, known: Iterable[str]) -> str:
    """'Did you mean …' for a mistyped name, or else the valid names."""
    valid = sorted(known)
    close = difflib.get_close_matches(name, valid, n=1, cutoff=0.5)
    if close:
        return f"Did you mean '{close[0]}'?"
    return f"Valid names: {', '.join(valid[:MAX_NAMES])}{' and more' if len(valid) > MAX_NAMES else ''}."
