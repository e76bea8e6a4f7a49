"""Keeps numba from making machine code of functions that only compiled functions call.

Numba makes a library of each function and links into it those of the functions that it calls. It makes machine code of
every library, also of those that nothing but other libraries needs: a twelfth of the time of compiling.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from numba.core.codegen import JITCodeLibrary
from numba.core.registry import cpu_target

numba_library: Any = JITCodeLibrary

PACKAGE = __name__.partition(".")[0]
OWN, ENTRY = f"_ZN{len(PACKAGE)}{PACKAGE}", "_ZN7cpython"
"""What the names of our functions begin with in LLVM's code, and those of what Python calls them through."""

OF_LIBRARY = "get_defined_functions", "_finalize_dynamic_globals", "_finalize_final_module", "_finalized"
"""What is used of numba's library."""


class _Library(numba_library):  # type: ignore[misc]
    """Leaves a function of this package that Python does not call as LLVM's code, to be linked into others."""

    def _finalize_final_module(self) -> None:
        names = [function.name for function in self.get_defined_functions()]
        if any(name.startswith(OWN) for name in names) and not any(name.startswith(ENTRY) for name in names):
            self._finalize_dynamic_globals()
            self._finalized = True
        else:
            super()._finalize_final_module()


@contextmanager
def only_entry_points() -> Iterator[None]:
    """Make machine code only of what Python calls. All that this changes is named in numba's own files alone, and
    another version may have other names: then it changes nothing."""
    codegen: Any = cpu_target.target_context.codegen()
    names = {codegen: ("_engine", "_library_class", "set_env"), numba_library: OF_LIBRARY}
    if not all(hasattr(owner, name) for owner in names for name in names[owner]):
        yield
        return
    set_env = codegen.set_env

    def set_env_of_entry(name: str, env: Any) -> None:
        """Numba's own function fails where there is no machine code."""
        if codegen._engine.is_symbol_defined(name):
            set_env(name, env)

    codegen._library_class, codegen.set_env = _Library, set_env_of_entry
    try:
        yield
    finally:
        del codegen._library_class, codegen.set_env
