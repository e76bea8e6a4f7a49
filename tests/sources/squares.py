"""Work for the worker pool. Workers import this module, and so not pytest, which takes as long as to start them."""

import os
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pianoroll_vae.errors import FileUnreadable


@dataclass(frozen=True)
class Square:
    """Squares numbers; some items do harm instead."""

    def read(self, item: Any) -> Any:
        if item == "broken":
            raise FileUnreadable("it is broken", "mend it")
        if item == "bug":
            raise ZeroDivisionError("oh")
        if item == "crash":
            os.kill(os.getpid(), signal.SIGSEGV)
        if item == "hang":
            time.sleep(60)
        if isinstance(item, Path):  # dies the first time only
            try:
                item.touch(exist_ok=False)
            except FileExistsError:
                return "second time"
            os.kill(os.getpid(), signal.SIGKILL)
        return item**2

    def pack(self, items: Sequence[Any], parts: Sequence[Any]) -> list[Any]:
        return list(parts)
