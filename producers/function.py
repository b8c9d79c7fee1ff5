"""The function producer: values of any expression in t, along a line."""

from typing import Any

import click

from streamson.producers import options
from streamson.producers.base.reading import Production
from streamson.producers.formula.computing import Formula
from streamson.producers.formula.line import line_options, line_production


@click.command(short_help="Any formula in t with mpmath's functions.")
@click.argument("expression")
@line_options
@options.stream("function")
def command(*, expression: str, **line: Any) -> Production:
    """Publish EXPRESSION, a formula in t with mpmath's functions, as re, im, modulus and t.

    \b
    streamson produce function "siegelz(t)" --start 1000 --step 0.1
    streamson produce function "exp(i*t) * besselj(0, t)" --start 0 --step 1/8
    """  # noqa: D301
    from streamson.producers.formula.expression import parse

    parse(expression)  # says now what is wrong with it
    return line_production(Formula(parse, (expression,)), **line)


if __name__ == "__main__":
    import sys

    from streamson.__main__ import main

    main(["produce", "function", *sys.argv[1:]])
