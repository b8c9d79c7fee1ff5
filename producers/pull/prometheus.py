"""The prometheus producer: what exporters show, and what a server of Prometheus knows."""

from typing import Any, Final

import click

from streamson._optional import import_optional
from streamson.errors import UsageError
from streamson.producers import options
from streamson.producers.base.asyncio_queue import AsyncioQueue
from streamson.producers.base.backoff import Backoff
from streamson.producers.base.push_queue import PushQueue
from streamson.producers.base.reading import Production
from streamson.producers.base.stream_template import StreamTemplate
from streamson.producers.base.unusable import Unusable
from streamson.producers.pull.access import access_of, access_options
from streamson.producers.pull.address import WEB, parse_address
from streamson.producers.pull.points import Points
from streamson.producers.pull.polling import interval_option, poll
from streamson.producers.pull.promql import Query, parse_query
from streamson.producers.pull.querying import Asked
from streamson.producers.pull.scraping import Scraped
from streamson.producers.pull.series_names import PER_CORE, SeriesNames
from streamson.producers.pull.web_client import WebClient

REQUIRES: Final = {
    "aiohttp": "streamson[prometheus]",
    "prometheus_client": "streamson[prometheus]",
}
"""What it imports, and what brings that."""

MAX_QUERIES: Final = 100


def _queries(
    _context: click.Context, _option: click.Parameter, texts: tuple[str, ...]
) -> tuple[Query, ...]:
    return tuple(parse_query(text) for text in texts)


def _patterns(_context: click.Context, _option: click.Parameter, text: str) -> tuple[str, ...]:
    return tuple(pattern for word in text.split(",") if (pattern := word.strip()))


@click.command(short_help="What an exporter for Prometheus shows, or a server answers to PromQL.")
@click.argument("url")
@click.option(
    "--metrics",
    default="",
    callback=_patterns,
    metavar="A,B*",
    help="Which metrics of an exporter, as shell patterns.  [default: all but the exporter's own, "
    "such as go_*; of a node exporter processor, load, memory, disks and network]",
)
@click.option(
    "--query",
    "queries",
    multiple=True,
    callback=_queries,
    metavar="[NAME=]EXPR",
    help="Ask a server this in PromQL instead; several are allowed.",
)
@interval_option
@options.stream_template(
    "{metric}/{labels}",
    "{metric}, {labels} (the values of those that tell a metric's series apart), any label by its "
    "name, {host}",
)
@options.fields
@access_options
def command(
    *,
    url: str,
    metrics: tuple[str, ...],
    queries: tuple[Query, ...],
    interval: float,
    stream: str,
    fields: tuple[str, ...],
    **secrets: Any,
) -> Production:
    """Publish the metrics of an exporter, or a server's answers to queries in PromQL.

    Of an exporter: gauges are the field value, counters the rate per_second, histograms and
    summaries per_second, mean, and quantiles such as p95 of what was counted since the last time.
    Series that get the same name are added up, as those of the cores of a machine are by default.
    Without --metrics, what counts is heard from when it first moves.

    \b
    streamson produce prometheus http://127.0.0.1:9100/metrics
    streamson produce prometheus http://127.0.0.1:9100 --metrics 'node_disk_*' --stream '{device}'
    streamson produce prometheus http://127.0.0.1:9090 --query 'load=sum(node_load1)' --query up
    """  # noqa: D301
    if queries and metrics:
        raise UsageError("--metrics chooses what an exporter shows; --query asks a server: use one")
    if len(queries) > MAX_QUERIES:
        raise UsageError(f"found {len(queries)} queries; up to {MAX_QUERIES} are allowed")
    address = parse_address(url, WEB)
    template = StreamTemplate(stream)
    access = access_of(address, **secrets)
    client = WebClient(address, access, "prometheus", "the prometheus producer")
    import_optional("prometheus_client", "prometheus", "the prometheus producer")
    names = SeriesNames(template, () if queries else PER_CORE)

    async def fill(queue: PushQueue) -> None:
        unusable = Unusable("result" if queries else "metric")
        points = Points(queue, template, fields, unusable)
        tapped = (
            Asked(address, client, names, points, queries)
            if queries
            else Scraped(address, client, names, points, metrics)
        )
        try:
            async with client:
                await poll(tapped.ask, interval, Backoff(address.shown))
        finally:
            unusable.tell()

    return Production(AsyncioQueue(fill), keep=False)


if __name__ == "__main__":
    import sys

    from streamson.__main__ import main

    main(["produce", "prometheus", *sys.argv[1:]])
