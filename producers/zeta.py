"""The zeta producer: values of the Riemann zeta function along a line in the complex plane."""

from typing import Any

import click

from streamson.cli import run
from streamson.producers import options
from streamson.producers.dirichlet import backend_option, dirichlet_formula, sigma_option
from streamson.producers.line import line_options, publish_line


@click.command()
@sigma_option
@line_options
@backend_option
@options.stream("zeta")
def command(*, sigma: float, backend: str | None, **line: Any) -> int:
    """Publish the Riemann zeta function at sigma + it, as fields re, im, modulus and t."""
    return publish_line("zeta", dirichlet_formula("zeta", sigma, backend), **line)


if __name__ == "__main__":
    run(command)
