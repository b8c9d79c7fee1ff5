"""The eta producer: values of the Dirichlet eta function along a line in the complex plane."""

from typing import Any

import click

from streamson.producers import options
from streamson.producers.base.reading import Production
from streamson.producers.formula.dirichlet import backend_option, dirichlet_formula, sigma_option
from streamson.producers.formula.line import line_options, line_production


@click.command(short_help="The Dirichlet eta function along a line of the complex plane.")
@sigma_option
@line_options
@backend_option
@options.stream("eta")
def command(*, sigma: float, backend: str | None, **line: Any) -> Production:
    """Publish the Dirichlet eta function at sigma + it, as fields re, im, modulus and t.

    \b
    streamson produce eta
    streamson produce eta --start 14.1 --step 0.001 --rate 10
    streamson produce eta --sigma 0.75 --dry-run
    """  # noqa: D301
    return line_production(dirichlet_formula("eta", sigma, backend), **line)


if __name__ == "__main__":
    import sys

    from streamson.__main__ import main

    main(["produce", "eta", *sys.argv[1:]])
