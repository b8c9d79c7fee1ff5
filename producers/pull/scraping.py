"""Scraping an exporter: what it shows, at each interval."""

import logging
import time
from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Final

from streamson._printable import counted, printable
from streamson.errors import nearest
from streamson.producers.pull.address import Address
from streamson.producers.pull.chosen_metrics import is_heard
from streamson.producers.pull.exposition import ACCEPT, Exposition, read_exposition
from streamson.producers.pull.metric_reader import MetricReader
from streamson.producers.pull.points import Points
from streamson.producers.pull.seen_times import SeenTimes
from streamson.producers.pull.series_names import SeriesNames, tell_unknown
from streamson.producers.pull.unavailable import UnavailableError
from streamson.producers.pull.web_client import WebClient

DEFAULT_PATH: Final = "/metrics"

MAX_NAMES: Final = 2_000
"""Of metrics, among which it is looked for the one that was meant."""

MANY_METRICS: Final = 30
"""More than somebody can listen to."""

_log = logging.getLogger(__name__)


class Scraped:
    """An exporter, and what is remembered of it.

    Parameters
    ----------
    address, client
        Where it is; without a path its metrics are looked for at `DEFAULT_PATH`.
    names
        Names the series.
    points
        Where what there is to hear goes.
    patterns
        Which metrics are wanted; without one, those of `is_heard`.
    """

    def __init__(
        self,
        address: Address,
        client: WebClient,
        names: SeriesNames,
        points: Points,
        patterns: Sequence[str],
    ) -> None:
        self._url = address.url if address.path else _with_path(address.url)
        self._client = client
        self._points = points
        self._patterns = patterns
        self._reader = MetricReader(
            names,
            {"host": address.host},
            by_metric=not names.has_metric,
            only_moved=names.has_metric and not patterns,
        )
        self._names = names
        self._seen = SeenTimes()
        self._scrapes = 0

    async def ask(self) -> None:
        """Scrape once."""
        answer = await self._client.fetch(self._url, {"Accept": ACCEPT})
        now_s = time.monotonic()
        if answer.media_type == "text/html":
            raise UnavailableError(
                f"it is a page for people; metrics are mostly at {DEFAULT_PATH}", answered=True
            )
        there: list[str] = []

        def is_wanted(name: str) -> bool:
            if len(there) < MAX_NAMES:
                there.append(name)
            return is_heard(name, self._patterns)

        found = read_exposition(answer.text, answer.media_type, is_wanted, self._points.unusable)
        for stream, sample in self._reader.read(found.metrics, now_s).samples():
            if sample.time is None or self._seen.add(stream, sample.time):
                self._points.push_chosen(stream, sample)
        self._scrapes += 1
        if self._scrapes == 1:
            _tell(found)
            _tell_missing(self._patterns, there)
        elif self._scrapes == 2 and self._reader.unmoved:
            streams = counted(self._reader.unmoved, "stream")
            _log.info("%s left out until something is counted; --metrics '*' for all", streams)
        tell_unknown(self._names)


def _tell(found: Exposition) -> None:
    """Say what is heard, and how more is."""
    heard = len({metric.name for metric in found.metrics})
    left_out = found.left_out + found.beyond
    if left_out or heard > MANY_METRICS:
        others = f", {counted(left_out, 'line')} of others left out" if left_out else ""
        _log.info(
            "%s heard%s; --metrics chooses which: '*' for all", counted(heard, "metric"), others
        )


def _tell_missing(patterns: Sequence[str], there: Sequence[str]) -> None:
    """Say which patterns no metric fits."""
    for pattern in patterns:
        if there and not any(fnmatchcase(name, pattern) for name in there):
            _log.warning(
                "--metrics: no metric is called %s%s",
                *(printable(pattern), printable(nearest(pattern, there))),
            )


def _with_path(url: str) -> str:
    base, question, query = url.partition("?")
    return f"{base.rstrip('/')}{DEFAULT_PATH}{question}{query}"
