"""The function producer: values of any expression in t, along a line."""

from typing import Any

import click

from streamson.cli import run
from streamson.producers import options
from streamson.producers.computing import Formula
from streamson.producers.line import line_options, publish_line


@click.command()
@click.argument("expression")
@line_options
@options.stream("function")
def command(*, expression: str, **line: Any) -> int:
    """Publish EXPRESSION, a formula in t with mpmath's functions, as re, im, modulus and t.

    \b
    streamson produce function "siegelz(t)" --start 1000 --step 0.1
    streamson produce function "exp(i*t) * besselj(0, t)" --start 0 --step 1/8
    """  # noqa: D301
    from streamson.producers.expression import parse

    parse(expression)  # says now what is wrong with it
    return publish_line("function", Formula(parse, (expression,)), **line)


if __name__ == "__main__":
    run(command)
