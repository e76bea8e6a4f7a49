"""Every way a user's situation can go wrong, each with what is wrong and what to do about it.

    VaemusicError
    ├── WorkspaceMissing     no vaemusic.toml here or above
    ├── WorkspaceBusy        another run holds the workspace
    ├── ArtifactMissing      a stage has not run yet
    ├── ArtifactStale        made from something that has changed since
    ├── ArtifactDamaged      one of our own files is torn, foreign or of another recipe
    ├── SettingInvalid       a flag or a key of vaemusic.toml that cannot be
    ├── NothingFound         the search was fine and came back empty
    ├── FileUnreadable       somebody's file is missing, broken or not what its name says
    ├── FileUnwritable       the disk, a folder or a permission refused
    ├── DeviceUnavailable    the asked-for hardware is not here, or too small
    └── TrainingDiverged     the loss is no number any more

Only the command line turns these into text and an exit status; anything else that is raised is a bug and keeps
its traceback. This module knows nothing of the rest of the program.
"""

import difflib
from collections.abc import Iterable


class VaemusicError(Exception):
    """Something the user can put right. `message` says what is wrong, `hint` says what to do."""

    exit_status = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __reduce__(self) -> tuple[type, tuple[str, str]]:
        """Travels between processes with its hint."""
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


class DeviceUnavailable(VaemusicError):
    pass


class TrainingDiverged(VaemusicError):
    pass


MOST_NAMES = 20


def suggest(wanted: str, known: Iterable[str]) -> str:
    """'Did you mean …' for a mistyped name, or the names there are."""
    names = sorted(known)
    close = difflib.get_close_matches(wanted, names, n=1, cutoff=0.5)
    if close:
        return f"Did you mean '{close[0]}'?"
    return f"There are {', '.join(names[:MOST_NAMES])}{' and more' if len(names) > MOST_NAMES else ''}."
