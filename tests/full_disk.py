"""A full disk, simulated by a limit on the size of files."""

import os
import resource
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

NO_BYTECODE = "PYTHONDONTWRITEBYTECODE"


@contextmanager
def limit_file_size(size: int) -> Iterator[None]:
    """No file of this process can grow beyond `size` bytes; the system refuses it as it refuses on a full disk.

    Bytecode is not written meanwhile: Python would leave a module's file cut off at `size`, for good.
    """
    writes_bytecode, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    environment = os.environ.get(NO_BYTECODE)
    os.environ[NO_BYTECODE] = "1"  # of processes that are started meanwhile
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, before)
        sys.dont_write_bytecode = writes_bytecode
        os.environ.pop(NO_BYTECODE)
        os.environ.update({NO_BYTECODE: environment} if environment is not None else {})
