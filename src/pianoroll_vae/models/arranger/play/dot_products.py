"""Dot products of 8-bit weights and of 16-bit inputs, written in LLVM's vector instructions.

Processors multiply 16 pairs of 16-bit integers and add neighbouring products in one instruction; numba's loops do not
become that instruction, or only half as wide. Weights lie in the order in which it takes them: two inputs of each of
`OUTPUTS` outputs side by side, so that a sum stays in its place of a vector. The sums are integers, which have no
rounding: any order of adding gives the same bits. What is written here is not for one kind of processor: LLVM
translates it for each.
"""

from collections.abc import Iterable
from itertools import chain
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numpy.typing import NDArray

OUTPUTS, INPUTS = 8, 2
"""Outputs and inputs whose weights lie side by side. A matrix has at least so many outputs, and a multiple of so many
inputs."""

PREFETCH_BYTES = 8192
"""How far ahead of what is multiplied weights are brought into the processor's cache. By itself it looks ahead within
4 KB at most, and the layers took a tenth to a sixth longer."""

unpack_tuple: Any = cgutils.unpack_tuple

_INDEX, _FLOAT = ir.IntType(32), ir.FloatType()
_PAIRS = OUTPUTS * INPUTS
_WEIGHTS, _INPUTS = ir.VectorType(ir.IntType(8), _PAIRS), ir.VectorType(ir.IntType(16), _PAIRS)
_PRODUCTS, _SUMS = ir.VectorType(ir.IntType(32), _PAIRS), ir.VectorType(ir.IntType(32), OUTPUTS)
_FLOATS = ir.VectorType(_FLOAT, OUTPUTS)


def to_blocks(values: NDArray[np.int8]) -> NDArray[np.int8]:
    """Weights (…, outputs, inputs) as blocks (…, blocks, inputs / INPUTS, OUTPUTS · INPUTS). The last block ends with
    the last output, so it may have some outputs of the one before once more."""
    *rest, outputs, inputs = values.shape
    if outputs < OUTPUTS or inputs % INPUTS:
        raise ValueError(f"weights of {outputs} outputs and {inputs} inputs cannot be laid out in blocks")
    begins = np.minimum(np.arange(0, outputs, OUTPUTS), outputs - OUTPUTS)
    blocks = values[..., begins[:, None] + np.arange(OUTPUTS), :]
    pairs = blocks.reshape(*rest, len(begins), OUTPUTS, inputs // INPUTS, INPUTS).swapaxes(-2, -3)
    return pairs.reshape(*rest, len(begins), inputs // INPUTS, _PAIRS)


def dot_products(blocks: int, tokens: int) -> Any:
    """A compiled function of (values, block, x, token, scale, x_scale, out): the products of `blocks` blocks of weights
    from `block` on and `tokens` tokens from `token` on.

    values: of `to_blocks`, without other axes before, or with more inputs than x; x: (tokens, inputs), int16; scale:
    (outputs,) and x_scale: (tokens,), by which a product is multiplied; out: (tokens, outputs). The sums must fit into
    32 bits.
    """

    @intrinsic
    def function(
        typing_context: Any, values: Any, block: Any, x: Any, token: Any, scale: Any, x_scale: Any, out: Any
    ) -> Any:
        signature = types.void(values, block, x, token, scale, x_scale, out)

        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            arrays = {
                name: context.make_array(kind)(context, builder, arg)
                for name, kind, arg in zip(
                    ("values", "block", "x", "token", "scale", "x_scale", "out"), signature.args, args, strict=True
                )
                if isinstance(kind, types.Array)
            }
            _Tile(builder, arrays, args[1], args[3], blocks, tokens).write()
            return context.get_dummy_value()

        return signature, generate

    return function


class _Tile:
    """Writes the instructions of one function of `dot_products`."""

    def __init__(self, builder: Any, arrays: dict[str, Any], block: Any, token: Any, blocks: int, tokens: int) -> None:
        self.builder, self.arrays = builder, arrays
        self.blocks = [self._offset(block, number) for number in range(blocks)]
        self.tokens = [self._offset(token, number) for number in range(tokens)]

    def write(self) -> None:
        """A loop over pairs of inputs that adds up a vector for each block and token."""
        b = self.builder
        inputs = unpack_tuple(b, self.arrays["x"].shape)[1]
        pairs = b.udiv(inputs, ir.Constant(inputs.type, INPUTS))
        weights = [self._pointer(_WEIGHTS, "values", block) for block in self.blocks]
        xs = [self._pointer(_INDEX, "x", token) for token in self.tokens]
        before, loop, after = b.block, b.append_basic_block("pairs"), b.append_basic_block("sums")
        b.branch(loop)
        b.position_at_end(loop)
        pair = b.phi(inputs.type)
        pair.add_incoming(ir.Constant(inputs.type, 0), before)
        sums = [[b.phi(_SUMS) for _ in weights] for _ in xs]
        weight = [b.sext(b.load(b.gep(pointer, [pair]), align=1), _INPUTS) for pointer in weights]
        for pointer in weights:
            self._prefetch(b.gep(pointer, [self._offset(pair, PREFETCH_BYTES // _PAIRS)]))
        own = [b.load(b.gep(pointer, [pair]), align=2) for pointer in xs]
        x = [b.bitcast(self._broadcast(numbers, _SUMS), _INPUTS) for numbers in own]
        more = [
            [self._multiply_add(*part, of_token) for part in zip(of_blocks, weight, strict=True)]
            for of_blocks, of_token in zip(sums, x, strict=True)
        ]
        end = self._offset(pair, 1)
        pair.add_incoming(end, loop)
        for total, new in zip(chain(*sums), chain(*more), strict=True):
            total.add_incoming(ir.Constant(_SUMS, [0] * OUTPUTS), before)
            total.add_incoming(new, loop)
        b.cbranch(b.icmp_signed("<", end, pairs), loop, after)
        b.position_at_end(after)
        self._store(more)

    def _offset(self, number: Any, more: int) -> Any:
        return self.builder.add(number, ir.Constant(number.type, more))

    def _pointer(self, kind: Any, name: str, *indices: Any) -> Any:
        """To what is of this kind where an array's row, or number of it, begins."""
        b, array = self.builder, self.arrays[name]
        address = b.bitcast(array.data, ir.IntType(8).as_pointer())
        for index, stride in zip(indices, unpack_tuple(b, array.strides), strict=False):
            address = b.gep(address, [b.mul(index, stride)])
        return b.bitcast(address, kind.as_pointer())

    def _prefetch(self, pointer: Any) -> None:
        """Tell the processor that what lies there will be read; it need not be memory of the program."""
        b, byte = self.builder, ir.IntType(8).as_pointer()
        kind = ir.FunctionType(ir.VoidType(), [byte, _INDEX, _INDEX, _INDEX])
        prefetch = b.module.declare_intrinsic("llvm.prefetch", [byte], kind)
        read, keep, data = (ir.Constant(_INDEX, number) for number in (0, 3, 1))
        b.call(prefetch, [b.bitcast(pointer, byte), read, keep, data])

    def _broadcast(self, number: Any, kind: Any) -> Any:
        """A vector of this kind with one number at all places."""
        nothing = ir.Constant(kind, ir.Undefined)
        first = self.builder.insert_element(nothing, number, ir.Constant(_INDEX, 0))
        return self._shuffle(first, [0] * OUTPUTS)

    def _multiply_add(self, total: Any, weight: Any, x: Any) -> Any:
        """A sum (OUTPUTS,) plus the products of (OUTPUTS · INPUTS,) weights and inputs, neighbours added: the form in
        which LLVM finds the instruction."""
        b = self.builder
        products = b.mul(b.sext(weight, _PRODUCTS), b.sext(x, _PRODUCTS))
        first, second = (self._shuffle(products, range(part, _PAIRS, INPUTS)) for part in range(INPUTS))
        return b.add(total, b.add(first, second))

    def _shuffle(self, vector: Any, places: Iterable[int]) -> Any:
        mask = [ir.Constant(_INDEX, place) for place in places]
        kind = ir.VectorType(_INDEX, len(mask))
        return self.builder.shuffle_vector(vector, ir.Constant(vector.type, ir.Undefined), ir.Constant(kind, mask))

    def _store(self, sums: list[list[Any]]) -> None:
        """Write sums (tokens, blocks, OUTPUTS) times their scales to `out`."""
        b = self.builder
        begins = [self._first_output(block) for block in self.blocks]
        scales = [b.load(self._pointer(_FLOATS, "scale", begin), align=4) for begin in begins]
        for token, of_token in zip(self.tokens, sums, strict=True):
            x_scale = self._broadcast(b.load(self._pointer(_FLOAT, "x_scale", token)), _FLOATS)
            for begin, scale, total in zip(begins, scales, of_token, strict=True):
                products = b.fmul(b.fmul(b.sitofp(total, _FLOATS), scale), x_scale)
                b.store(products, self._pointer(_FLOATS, "out", token, begin), align=4)

    def _first_output(self, block: Any) -> Any:
        """The first output of a block, as in `to_blocks`."""
        b, [outputs] = self.builder, unpack_tuple(self.builder, self.arrays["scale"].shape)
        begin, last = b.mul(block, ir.Constant(block.type, OUTPUTS)), self._offset(outputs, -OUTPUTS)
        return b.select(b.icmp_signed("<", begin, last), begin, last)
