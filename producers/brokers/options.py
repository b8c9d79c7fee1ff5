"""Options that producers of brokers share."""

import click

from streamson.producers.brokers.since import Since

user = click.option("--user", help="The user's name.")

since = click.option(
    "--since",
    type=Since(),
    metavar="TIME",
    help="From when on: 10min ago, 2026-11-27T18:00, or all.  [default: now]",
)
