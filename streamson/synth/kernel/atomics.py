"""Atomic loads and stores for the indices of the rings.

A plain load or store may be reordered by the compiler, and on ARM by the processor: the reader of a
ring would then see an index before the item that it announces.
"""

from typing import Any

from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic

from streamson._jit import cached

_BYTES = 8


def _element(context: Any, builder: Any, array_type: Any, array: Any, index: Any) -> Any:
    view = context.make_array(array_type)(context, builder, value=array)
    return cgutils.get_item_pointer(context, builder, array_type, view, [index])


@intrinsic
def load_acquire(typing_context: Any, array: Any, index: Any) -> Any:  # noqa: ARG001
    """Return ``array[index]``; what was written before its release is visible afterwards."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        pointer = _element(context, builder, signature.args[0], args[0], args[1])
        return builder.load_atomic(pointer, "acquire", _BYTES)

    return types.int64(array, types.intp), codegen


@intrinsic
def store_release(typing_context: Any, array: Any, index: Any, value: Any) -> Any:  # noqa: ARG001
    """Set ``array[index]``; what was written before is visible to whoever acquires it."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        pointer = _element(context, builder, signature.args[0], args[0], args[1])
        builder.store_atomic(args[2], pointer, "release", _BYTES)
        return context.get_dummy_value()

    return types.void(array, types.intp, types.int64), codegen


@cached(njit, nogil=True)
def load_index(indices: Any, index: int) -> int:
    """`load_acquire` for Python code."""
    value: int = load_acquire(indices, index)
    return value


@cached(njit, nogil=True)
def store_index(indices: Any, index: int, value: int) -> None:
    """`store_release` for Python code."""
    store_release(indices, index, value)
