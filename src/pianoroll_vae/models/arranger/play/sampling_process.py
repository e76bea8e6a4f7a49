"""A second process that compiles the sampling of notes; on a new machine it begins before this one imports numba."""

import atexit
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from pianoroll_vae.errors import FileUnreadable
from pianoroll_vae.paths import list_folder
from pianoroll_vae.sources.worker_pool import cores

_PROGRAM = "from pianoroll_vae.models.arranger.play.compilation import compile_sampling; compile_sampling()"

_FOLDER = Path(__file__).parent

_INDEX = "decoding.next_notes-*.nbi"
"""Numba's list of the compiled versions of the loop that samples notes."""


class SamplingProcess:
    """Leaves what it compiles where numba keeps it. To start it while it is running does nothing."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def start_on_new_machine(self) -> None:
        """Start where numba keeps compiled loops beside this file, or in a folder of the user's choice, and has none.

        Only this is known before numba is imported: elsewhere the process starts when a loop turns out to be missing.
        """
        chosen = os.environ.get("NUMBA_CACHE_DIR")
        if not chosen and not os.access(_FOLDER, os.W_OK):
            return
        with suppress(FileUnreadable):
            folders = list_folder(Path(chosen)) if chosen else [_FOLDER / "__pycache__"]
            if not any(list_folder(folder, _INDEX) for folder in folders):
                self.start()

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        if self._process is not None or cores() < 2 or not sys.executable:
            return
        silent = subprocess.DEVNULL
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-c", _PROGRAM], stdin=silent, stdout=silent, stderr=silent
        )
        atexit.register(self.kill)

    def wait(self) -> None:
        if self._process is not None:
            self._process.wait()

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
            atexit.unregister(self.kill)


SAMPLING_PROCESS = SamplingProcess()
