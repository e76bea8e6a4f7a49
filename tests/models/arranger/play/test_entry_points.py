"""Tests of which functions become machine code."""

from typing import Any

import numba
import numpy as np
import pytest
from numba.core.codegen import CPUCodeLibrary
from numba.core.registry import cpu_target

from pianoroll_vae.models.arranger.play.entry_points import only_entry_points
from pianoroll_vae.models.arranger.play.kernels import add

CODEGEN: Any = cpu_target.target_context.codegen()


def has_machine_code(name: str) -> bool:
    return bool(CODEGEN._engine.is_symbol_defined(name))


def compiled_versions(function: Any) -> set[str]:
    return {version.fndesc.mangled_name for version in function.overloads.values()}


def test_a_function_that_only_loops_call_becomes_a_part_of_them() -> None:
    """Of 64-bit integers, for which the package itself does not compile it."""

    @numba.njit
    def twice(x: Any) -> None:
        add(x, x)

    before, numbers = compiled_versions(add), np.arange(5)
    with only_entry_points():
        twice(numbers)
    assert numbers.tolist() == [0, 2, 4, 6, 8]
    [inner], [entry] = compiled_versions(add) - before, compiled_versions(twice)
    assert has_machine_code(entry) and not has_machine_code(inner)


def test_a_numba_with_other_names_compiles_as_usual(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(CPUCodeLibrary, "_finalize_dynamic_globals")
    before = CODEGEN._library_class
    with only_entry_points():
        assert CODEGEN._library_class is before
