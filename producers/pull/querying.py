"""Asking a server of Prometheus, at each interval."""

import logging
from collections.abc import Sequence
from typing import Final

from streamson._printable import printable
from streamson.errors import MessageError, UsageError
from streamson.producers.pull.added_up import AddedUp
from streamson.producers.pull.address import Address
from streamson.producers.pull.points import Points
from streamson.producers.pull.promql import Query, Series, error_of, series_of
from streamson.producers.pull.seen_times import SeenTimes
from streamson.producers.pull.series_names import SeriesNames, tell_unknown
from streamson.producers.pull.unavailable import UnavailableError
from streamson.producers.pull.web_client import Answer, WebClient

VALUE: Final = "value"
BAD_REQUEST: Final = 400
UNPROCESSABLE: Final = 422

_log = logging.getLogger(__name__)


class Asked:
    """A server, and what it is asked.

    Parameters
    ----------
    address, client
        Where it is.
    names
        Names the series.
    points
        Where answers go.
    queries
        What to ask.
    """

    def __init__(
        self,
        address: Address,
        client: WebClient,
        names: SeriesNames,
        points: Points,
        queries: Sequence[Query],
    ) -> None:
        self._address = address
        self._client = client
        self._names = names
        self._points = points
        self._queries = queries
        self._known = {"host": address.host}
        self._seen = SeenTimes()
        self._empty: set[Query] = set()

    async def ask(self) -> None:
        """Ask all once."""
        found = AddedUp()
        for query in self._queries:
            answer = await self._client.fetch(
                query.url(self._address.url),
                {"Accept": "application/json"},
                accepted=(200, BAD_REQUEST, UNPROCESSABLE),
            )
            found.update(self._read(query, answer))
        for stream, sample in found.samples():
            if sample.time is None or self._seen.add(stream, sample.time):
                self._points.push_chosen(stream, sample)
        tell_unknown(self._names)

    def _read(self, query: Query, answer: Answer) -> AddedUp:
        """Return what an answer says."""
        found = AddedUp()
        error = error_of(answer.text)
        if error and answer.status == BAD_REQUEST:
            raise UsageError(f"--query: found {query.expression!r}; the server says: {error}")
        if error:  # of the data at the moment: that may pass
            self._points.unusable.add("with an error", error)
            return found
        try:
            series = list(series_of(answer.text))
        except MessageError:
            reason = f"{printable(query.url(self._address.url))} gives no answer to a query"
            raise UnavailableError(reason, answered=True) from None
        if not series and query not in self._empty:
            self._empty.add(query)
            _log.info("--query %s: no series at the moment", printable(query.expression))
        by_metric: dict[str, list[Series]] = {}
        for one in series:
            by_metric.setdefault(query.name or one.metric or query.expression, []).append(one)
        for metric, ones in by_metric.items():
            names = self._names.name(metric, [one.labels for one in ones], self._known)
            for name, one in zip(names, ones, strict=True):
                field = VALUE if self._names.has_metric else metric
                found.add(name, field, one.value, one.time)
        return found
