"""The zeta producer: values of the Riemann zeta function along a line in the complex plane."""

from typing import Any

import click

from streamson.producers import options
from streamson.producers.base.reading import Production
from streamson.producers.formula.dirichlet import backend_option, dirichlet_formula, sigma_option
from streamson.producers.formula.line import line_options, line_production


@click.command(short_help="The Riemann zeta function along a line.")
@sigma_option
@line_options
@backend_option
@options.stream("zeta")
def command(*, sigma: float, backend: str | None, **line: Any) -> Production:
    """Publish the Riemann zeta function at sigma + it, as fields re, im, modulus and t.

    \b
    streamson produce zeta
    streamson produce zeta --start 14.1 --step 0.001 --rate 10
    streamson produce zeta --sigma 0.75 --dry-run
    """  # noqa: D301
    return line_production(dirichlet_formula("zeta", sigma, backend), **line)


if __name__ == "__main__":
    import sys

    from streamson.__main__ import main

    main(["produce", "zeta", *sys.argv[1:]])
