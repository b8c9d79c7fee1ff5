"""Addresses and pointers, turned into each other in machine code."""

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic


@intrinsic
def pointer(typing_context: Any, address: Any) -> Any:  # noqa: ARG001
    """Return the pointer to an address."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:  # noqa: ARG001
        return builder.inttoptr(args[0], cgutils.voidptr_t)

    return types.voidptr(types.int64), codegen


@intrinsic
def address(typing_context: Any, pointer: Any) -> Any:  # noqa: ARG001
    """Return the address that a pointer holds."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:  # noqa: ARG001
        return builder.ptrtoint(args[0], ir.IntType(64))

    return types.int64(types.voidptr), codegen
