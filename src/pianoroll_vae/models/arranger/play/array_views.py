"""Parts of arrays in compiled functions, which compile in half of the time of slices: these also serve bounds that are
negative or beyond the end, and steps."""

from collections.abc import Callable
from typing import Any

from numba import extending, types
from numba.core import cgutils
from numba.np.arrayobj import populate_array

intrinsic: Callable[[Callable[..., Any]], Any] = extending.intrinsic
unpack_tuple: Any = cgutils.unpack_tuple


@intrinsic
def part(typing_context: Any, x: Any, begin: Any, size: Any) -> Any:
    """The `size` numbers of x (n,) from `begin` on; x is contiguous and has them."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        array, begin, size = args
        whole = context.make_array(x)(context, builder, array)
        return _view(context, builder, x, builder.gep(whole.data, [begin]), [size], [whole.itemsize])

    return x(x, types.intp, types.intp), generate


@intrinsic
def first_rows(typing_context: Any, x: Any, rows: Any) -> Any:
    """The first (rows, columns) of x (rows or more, columns)."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        array, rows = args
        whole = context.make_array(x)(context, builder, array)
        columns = unpack_tuple(builder, whole.shape)[1]
        return _view(context, builder, x, whole.data, [rows, columns], whole.strides)

    return x(x, types.intp), generate


@intrinsic
def corner(typing_context: Any, x: Any, rows: Any, columns: Any) -> Any:
    """The first (rows, columns) of x (rows or more, columns or more)."""
    view = x.copy(layout="A")

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        array, *shape = args
        whole = context.make_array(x)(context, builder, array)
        return _view(context, builder, view, whole.data, shape, whole.strides)

    return view(x, types.intp, types.intp), generate


def _view(context: Any, builder: Any, kind: Any, data: Any, shape: Any, strides: Any) -> Any:
    """An array of this type that owns no memory."""
    view = context.make_array(kind)(context, builder)
    itemsize = context.get_constant(types.intp, context.get_abi_sizeof(context.get_data_type(kind.dtype)))
    populate_array(view, data, shape, strides, itemsize, meminfo=None)
    return view._getvalue()
