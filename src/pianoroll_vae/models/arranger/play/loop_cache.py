"""Keeps compiled loops on disk, and compiles anew what is damaged or of another version of this package.

Numba compares the file of a function with the one that it compiled, not the files of what the function calls, and
before it compares it unpickles the names of classes, which another version may not have. A file that it cannot read is
an error.
"""

import hashlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from numba.core.caching import FunctionCache, IndexDataCacheFile

_ARRANGER = Path(__file__).parent.parent

LOOPS = tuple(
    _ARRANGER / name
    for name in (
        "sampling.py",
        "tokens.py",
        "play/array_views.py",
        "play/decode_batch.py",
        "play/decoding.py",
        "play/dot_products.py",
        "play/float_bits.py",
        "play/kernels.py",
        "play/transformer.py",
    )
)
"""The files of all compiled functions, and of the constants of the arranger that they use. Those of `music` and of
`models.quantization` cannot change: trained bands have them."""


class LoopCache:
    """The compiled versions of a function, in the folder that numba chooses; RuntimeError: there is none it may write.

    They are used as long as no file of `sources` changes. It has what numba calls of its own `FunctionCache`."""

    def __init__(self, function: Callable[..., Any], sources: Sequence[Path] = LOOPS) -> None:
        self._cache: Any = FunctionCache(function)
        path, name = self._cache.cache_path, self._cache._impl.filename_base
        self._cache._cache_file = IndexDataCacheFile(path, name, _digest(tuple(sources)))

    @property
    def cache_path(self) -> str:
        return str(self._cache.cache_path)

    def load_overload(self, signature: Any, target: Any) -> Any:
        """The compiled function, or None: there is none, or it cannot be read."""
        try:
            return self._cache.load_overload(signature, target)
        except Exception:  # a damaged pickle raises anything
            with suppress(OSError):
                self.flush()
            return None

    def save_overload(self, signature: Any, compiled: Any) -> None:
        """What cannot be kept, on a full disk for instance, is compiled again the next time."""
        with suppress(Exception):
            self._cache.save_overload(signature, compiled)

    def flush(self) -> None:
        """Forget all versions."""
        self._cache.flush()


@cache
def _digest(sources: tuple[Path, ...]) -> str:
    return hashlib.sha256(b"\0".join(path.read_bytes() for path in sources)).hexdigest()
