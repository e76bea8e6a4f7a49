"""Dot products of rows of 8-bit weights and of 16-bit inputs, written in LLVM's vector instructions.

Processors multiply 16 pairs of 16-bit integers and add neighbouring products in one instruction; numba's loops do not
become that instruction, or only half as wide. The sums are integers, which have no rounding: any order of adding gives
the same bits. What is written here is not for one kind of processor: LLVM translates it for each.
"""

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

STEP = 16
"""Inputs that are multiplied at a time: their number is a multiple of it."""

unpack_tuple: Any = cgutils.unpack_tuple

_INDEX, _FLOAT = ir.IntType(32), ir.FloatType()
_PRODUCTS = ir.VectorType(ir.IntType(32), STEP)
_SUMS = ir.VectorType(ir.IntType(32), STEP // 2)
_WEIGHTS, _INPUTS = ir.VectorType(ir.IntType(8), STEP), ir.VectorType(ir.IntType(16), STEP)


def dot_products(rows: int, tokens: int) -> Any:
    """A compiled function of (values, row, x, token, scale, x_scale, out): the products of `rows` rows of weights from
    `row` on and `tokens` tokens from `token` on; rows · tokens is the number of sums in a vector, 8.

    values: (outputs, inputs or more), int8; x: (tokens, inputs), int16; scale: (outputs,) and x_scale: (tokens,), by
    which a product is multiplied; out: (tokens, outputs). The sums must fit into 32 bits.
    """
    assert rows * tokens == _SUMS.count

    @intrinsic
    def function(
        typing_context: Any, values: Any, row: Any, x: Any, token: Any, scale: Any, x_scale: Any, out: Any
    ) -> Any:
        signature = types.void(values, row, x, token, scale, x_scale, out)

        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            arrays = {
                name: context.make_array(kind)(context, builder, arg)
                for name, kind, arg in zip(
                    ("values", "row", "x", "token", "scale", "x_scale", "out"), signature.args, args, strict=True
                )
                if isinstance(kind, types.Array)
            }
            _Block(builder, arrays, args[1], args[3], rows, tokens).write()
            return context.get_dummy_value()

        return signature, generate

    return function


class _Block:
    """Writes the instructions of one function of `dot_products`."""

    def __init__(self, builder: Any, arrays: dict[str, Any], row: Any, token: Any, rows: int, tokens: int) -> None:
        self.builder, self.arrays, self.row, self.token = builder, arrays, row, token
        self.rows, self.tokens = rows, tokens

    def write(self) -> None:
        """A loop over the inputs that adds up a vector for each row and token; then those become one number each."""
        b = self.builder
        inputs = unpack_tuple(b, self.arrays["x"].shape)[1]
        weights = [self._pointer("values", self._plus(self.row, row)) for row in range(self.rows)]
        xs = [self._pointer("x", self._plus(self.token, token)) for token in range(self.tokens)]
        before, loop, after = b.block, b.append_basic_block("inputs"), b.append_basic_block("sums")
        b.branch(loop)
        b.position_at_end(loop)
        begin = b.phi(inputs.type)
        begin.add_incoming(ir.Constant(inputs.type, 0), before)
        sums = [b.phi(_SUMS) for _ in range(self.rows * self.tokens)]
        x = [self._load(b.gep(pointer, [begin]), _INPUTS, 2) for pointer in xs]
        weight = [b.sext(self._load(b.gep(pointer, [begin]), _WEIGHTS, 1), _INPUTS) for pointer in weights]
        pairs = [(row, token) for token in range(self.tokens) for row in range(self.rows)]
        products = [self._products(weight[row], x[token]) for row, token in pairs]
        more = [b.add(total, product) for total, product in zip(sums, products, strict=True)]
        end = b.add(begin, ir.Constant(inputs.type, STEP))
        begin.add_incoming(end, loop)
        for total, new in zip(sums, more, strict=True):
            total.add_incoming(ir.Constant(_SUMS, [0] * _SUMS.count), before)
            total.add_incoming(new, loop)
        b.cbranch(b.icmp_signed("<", end, inputs), loop, after)
        b.position_at_end(after)
        self._store(self._sum(more))

    def _plus(self, number: Any, more: int) -> Any:
        return self.builder.add(number, ir.Constant(number.type, more))

    def _pointer(self, name: str, *indices: Any) -> Any:
        """Where an array's row, or number of it, begins."""
        b, array = self.builder, self.arrays[name]
        strides = unpack_tuple(b, array.strides)
        address = b.bitcast(array.data, ir.IntType(8).as_pointer())
        for index, stride in zip(indices, strides, strict=False):
            address = b.gep(address, [b.mul(index, stride)])
        return b.bitcast(address, array.data.type)

    def _load(self, pointer: Any, kind: Any, align: int) -> Any:
        """A vector whose address is a multiple of `align` bytes."""
        return self.builder.load(self.builder.bitcast(pointer, kind.as_pointer()), align=align)

    def _products(self, weight: Any, x: Any) -> Any:
        """The products of (STEP,) and (STEP,), neighbours added: the form in which LLVM finds the instruction."""
        b = self.builder
        products = b.mul(b.sext(weight, _PRODUCTS), b.sext(x, _PRODUCTS))
        return self._add_pairs(products, products, range(0, STEP, 2), range(1, STEP, 2))

    def _add_pairs(self, first: Any, second: Any, left: Any, right: Any) -> Any:
        """Numbers of two vectors at the places `left` plus those at `right`; the second's come after the first's."""
        return self.builder.add(self._take(first, second, left), self._take(first, second, right))

    def _take(self, first: Any, second: Any, places: Any) -> Any:
        mask = ir.Constant(ir.VectorType(_INDEX, len(places)), list(places))
        return self.builder.shuffle_vector(first, second, mask)

    def _sum(self, vectors: list[Any]) -> Any:
        """The sum of each of 8 vectors (8,) in one vector, halves of vectors apart until the end: processors move
        numbers within a half in one instruction."""
        while len(vectors) > 2:
            vectors = [
                self._add_pairs(first, second, (0, 2, 8, 10, 4, 6, 12, 14), (1, 3, 9, 11, 5, 7, 13, 15))
                for first, second in zip(vectors[::2], vectors[1::2], strict=True)
            ]
        first, second = vectors
        return self._add_pairs(first, second, (0, 1, 2, 3, 8, 9, 10, 11), (4, 5, 6, 7, 12, 13, 14, 15))

    def _store(self, sums: Any) -> None:
        """Write sums (tokens · rows,) times their scales to `out`."""
        b, kind = self.builder, ir.VectorType(_FLOAT, self.rows)
        scale = self._load(self._pointer("scale", self.row), kind, 4)
        for token in range(self.tokens):
            own = self._plus(self.token, token)
            places = range(token * self.rows, (token + 1) * self.rows)
            products = b.fmul(b.sitofp(self._take(sums, sums, places), kind), scale)
            x_scale = b.load(self._pointer("x_scale", own))
            first = b.insert_element(ir.Constant(kind, ir.Undefined), x_scale, ir.Constant(_INDEX, 0))
            everywhere = self._take(first, first, [0] * self.rows)
            address = b.bitcast(self._pointer("out", own, self.row), kind.as_pointer())
            b.store(b.fmul(products, everywhere), address, align=4)
