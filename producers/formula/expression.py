"""Expressions in t with mpmath's functions, evaluated without Python's ``eval``.

Only numbers, t, some constants, arithmetic and calls of mpmath's own functions are understood, so
an expression can compute and nothing else.
"""

import ast
import operator
from collections.abc import Callable, Iterator
from typing import Any, Final

import mpmath
from mpmath.functions.functions import SpecialFunctions

from streamson.errors import UsageError, nearest

MAX_CHARS: Final = 1_000
MAX_DEPTH: Final = 50
MAX_MAGNITUDE_BITS: Final = 100_000
"""A larger number on the way counts as infinite: mpmath's have no limit, and 9**9**9**9 no end."""

Function = Callable[[float], complex | None]
_Node = Callable[[Any], Any]  # t, as an mpf, to a value

_ELEMENTARY: Final = (
    *("sqrt", "cbrt", "exp", "expj", "expjpi", "ln", "log", "log10", "power", "hypot"),
    *("sin", "cos", "tan", "sec", "csc", "cot", "sinh", "cosh", "tanh", "sinpi", "cospi"),
    *("asin", "acos", "atan", "atan2", "asinh", "acosh", "atanh"),
    *("fabs", "re", "im", "conj", "arg", "sign", "floor", "ceil", "frac", "gamma", "factorial"),
)
FUNCTIONS: Final = {
    name: getattr(mpmath, name)
    for name in (*_ELEMENTARY, *SpecialFunctions.defined_functions)
    if callable(getattr(mpmath, name, None))
} | {"abs": mpmath.fabs}
"""What can be called: the elementary functions and mpmath's registry of special functions."""

CONSTANTS: Final = {
    "pi": mpmath.pi,
    "e": mpmath.e,
    "euler": mpmath.euler,
    "i": mpmath.mpc(0, 1),
    "j": mpmath.mpc(0, 1),
}

_NO_VALUE: Final = (
    ArithmeticError,
    ValueError,
    TypeError,  # a wrong number of arguments, which only the call itself can tell
    NotImplementedError,
    mpmath.libmp.NoConvergence,
)

_OPERATORS: Final[dict[type[ast.AST], Callable[..., Any]]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
    ast.Mod: operator.mod,
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
}


def parse(text: str) -> Function:
    """Return an expression in t as a function; where it has no value, the function gives None.

    Parameters
    ----------
    text
        Such as ``zeta(0.5 + 1j*t)`` or ``exp(1j*t) / (1 + t**2)``.

    Raises
    ------
    UsageError
        If it is not such an expression; the message says where, and what is allowed.
    """
    if len(text) > MAX_CHARS:
        raise UsageError(f"the expression has {len(text)} characters; at most {MAX_CHARS}")
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        place = getattr(error, "offset", None)
        at = f" at character {place}" if place else ""
        raise UsageError(f"expression {text!r}: not a formula{at}") from None
    node = _build(tree, text, depth=0)

    def value(t: float) -> complex | None:
        try:
            return complex(node(mpmath.mpf(t)))
        except _NO_VALUE:
            return None

    return value


def _build(tree: ast.AST, text: str, *, depth: int) -> _Node:
    if depth > MAX_DEPTH:
        raise UsageError(f"the expression nests deeper than {MAX_DEPTH} levels")
    match tree:
        case ast.Constant(value=int() | float() | complex() as number) if not isinstance(
            number, bool
        ):
            return _constant(_number(number))
        case ast.Name(id="t"):
            return lambda t: t
        case ast.Name(id=name) if name in CONSTANTS:
            return _constant(CONSTANTS[name])
        case ast.UnaryOp(op=op) | ast.BinOp(op=op) if type(op) in _OPERATORS:
            return _apply(_OPERATORS[type(op)], _operands(tree), text, depth)
        case ast.Call(func=ast.Name(id=name), args=args, keywords=[]) if name in FUNCTIONS:
            return _apply(FUNCTIONS[name], args, text, depth)
    raise _refusal(tree, text)


def _operands(tree: ast.UnaryOp | ast.BinOp) -> list[ast.expr]:
    return [tree.operand] if isinstance(tree, ast.UnaryOp) else [tree.left, tree.right]


def _apply(function: Callable[..., Any], args: list[ast.expr], text: str, depth: int) -> _Node:
    nodes = [_build(arg, text, depth=depth + 1) for arg in args]

    def value(t: Any) -> Any:
        result = function(*(node(t) for node in nodes))
        if mpmath.mag(result) > MAX_MAGNITUDE_BITS:
            raise OverflowError
        return result

    return value


def _constant(value: Any) -> _Node:
    return lambda _t: value


def _number(number: complex) -> Any:
    # As an mpf, 10**10**10 is a quick, huge number; as an integer it would eat the machine.
    return mpmath.mpc(number) if isinstance(number, complex) else mpmath.mpf(number)


def _refusal(tree: ast.AST, text: str) -> UsageError:
    place = getattr(tree, "col_offset", 0)
    found = ast.get_source_segment(text.strip(), tree) or text
    hint = "".join(_hints(tree))
    return UsageError(
        f"expression {text!r}, character {place + 1}: found {found[:40]!r}{hint}. Allowed are "
        "numbers, t, pi, e, i, + - * / ** % and mpmath's functions, such as zeta(0.5 + 1j*t)"
    )


def _hints(tree: ast.AST) -> Iterator[str]:
    name = tree.func if isinstance(tree, ast.Call) else tree
    if isinstance(name, ast.Name):
        yield nearest(name.id, [*FUNCTIONS, *CONSTANTS, "t"])
