"""The bits of a float32 as an integer, and back, for compiled loops: one instruction, where `view` of an array or a
number is a function that numba compiles anew for each kind of it."""

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic


def _float_bits(typing_context: Any, x: Any) -> Any:
    return types.int32(types.float32), _bitcast(ir.IntType(32))


def _bits_float(typing_context: Any, bits: Any) -> Any:
    return types.float32(types.int32), _bitcast(ir.FloatType())


def _bitcast(kind: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.bitcast(arguments[0], kind)

    return generate


float_bits: Any = intrinsic(_float_bits)
"""The bits of a float32 as an int32. Without their sign, those of floats are in the order of the floats."""

bits_float: Any = intrinsic(_bits_float)
"""The float32 of the bits of an int32."""
