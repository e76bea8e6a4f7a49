"""Compiles the loops that play before they are needed, and reports whether that takes time.

Numba keeps what it compiled on disk, so only the first command on a machine compiles. It holds the GIL, so a second
process compiles the sampling of notes while this one compiles the transformer.
"""

import gc
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np
from numba.core import config, event

from pianoroll_vae.models.arranger.play.decode_batch import DecodeBatch, NoteEmbeddings, NoteHeads, empty_batch
from pianoroll_vae.models.arranger.play.decoding import next_notes
from pianoroll_vae.models.arranger.play.entry_points import only_entry_points
from pianoroll_vae.models.arranger.play.kernels import NO_OUTPUTS, Int8Weight
from pianoroll_vae.models.arranger.play.sampling_process import SAMPLING_PROCESS
from pianoroll_vae.models.arranger.play.transformer import LayerWeights, empty_kv_cache, forward_tokens
from pianoroll_vae.models.arranger.play.weights import gelu, matvec
from pianoroll_vae.models.arranger.sampling import SAMPLING_LIMITS, sample

numba_config: Any = config

COMPILE = "numba:compile"
"""Numba's event."""

_LAYERS = Int8Weight(np.zeros((0, 0, 1, 16), np.int8), np.zeros((0, 0), np.float32))


def compile_loops(on_compilation: Callable[[], object]) -> None:
    """Compile all loops, or read them from the disk; `on_compilation` is called before the first is compiled."""
    _import_array_functions()
    with event.install_listener(COMPILE, _Compilations(on_compilation)):
        with ExitStack() as stack:
            beside = _Compilations(lambda: stack.enter_context(_compiling_sampling_beside()))
            stack.enter_context(_quick_compilation())
            with event.install_listener(COMPILE, beside):
                _compile_transformer()
        compile_sampling()


def _compile_transformer() -> None:
    x, none = np.zeros((0, 2), np.float32), np.zeros(0, np.int64)
    gelu(matvec(NO_OUTPUTS, np.zeros(2, np.float32)))
    forward_tokens(_no_layers(), _batch().kv_cache, np.zeros(1), none, x, none, x)


def compile_sampling() -> None:
    """Compile the sampling of notes, or read it from the disk."""
    _import_array_functions()
    with _quick_compilation():
        sample(np.zeros(1, np.float32), 1.0, np.random.default_rng(0))
        embeddings, heads = _notes()
        next_notes(embeddings, heads, SAMPLING_LIMITS, *_batch()[1:])


def _import_array_functions() -> None:
    """Import numba's functions of arrays without SciPy, which takes them a quarter of a second.

    They only look whether its BLAS is there, which our loops never call; those of others that do import it then."""
    hidden = "scipy.linalg"
    if hidden in sys.modules:
        return
    sys.modules[hidden] = None  # type: ignore[assignment]
    try:
        import numba.np.arraymath  # noqa: F401
    finally:
        del sys.modules[hidden]


def _no_layers() -> LayerWeights:
    gain, up_bias, last_gain = (np.zeros(shape, np.float32) for shape in ((0, 2), (0, 8), 2))
    return LayerWeights(gain, _LAYERS, _LAYERS, gain, _LAYERS, up_bias, _LAYERS, last_gain, NO_OUTPUTS)


def _notes() -> tuple[NoteEmbeddings, NoteHeads]:
    table, bias = np.zeros((0, 2), np.float32), np.zeros(0, np.float32)
    heads = NoteHeads(bias, table, table, table, NO_OUTPUTS, table, table, NO_OUTPUTS, NO_OUTPUTS, table)
    return NoteEmbeddings(*(table for _ in NoteEmbeddings._fields)), heads


def _batch() -> DecodeBatch:
    return empty_batch(empty_kv_cache(songs=1, layers=1, heads=1, kv_heads=1, head_width=2, tokens=2))


@contextmanager
def _compiling_sampling_beside() -> Iterator[None]:
    """Compile the sampling in a second process; what it does not bring about, this one compiles later."""
    if next_notes.stats.cache_path is None:  # type: ignore[attr-defined]
        yield
        return
    SAMPLING_PROCESS.start()
    try:
        yield
        SAMPLING_PROCESS.wait()
    finally:
        SAMPLING_PROCESS.kill()


@contextmanager
def _quick_compilation() -> Iterator[None]:
    """Without garbage collection, which takes a fourteenth of the time of compiling, and with LLVM's first level of
    optimisation: loops are as fast as with the third, and compile in nine tenths of its time."""
    collects, level = gc.isenabled(), numba_config.OPT
    gc.disable()
    numba_config.OPT = 1
    try:
        with only_entry_points():
            yield
    finally:
        numba_config.OPT = level
        if collects:
            gc.enable()


class _Compilations(event.Listener):
    """Calls a function when the first compilation begins."""

    def __init__(self, on_first: Callable[[], object]) -> None:
        self.on_first: Callable[[], object] | None = on_first

    def on_start(self, event: Any) -> None:
        if self.on_first:
            on_first, self.on_first = self.on_first, None
            on_first()

    def on_end(self, event: Any) -> None:
        pass
