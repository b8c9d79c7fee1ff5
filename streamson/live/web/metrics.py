"""``/metrics``: a listener's statistics in Prometheus's format, in all and of each stream."""

from collections.abc import Iterator
from typing import Final

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from streamson.live.mirror import Mirror
from streamson.live.web.limits import MAX_METRIC_STREAMS
from streamson.model.statistics import Statistics

GAUGES: Final = frozenset(
    {
        *("streams", "notes_waiting", "alerts_active", "streams_stale", "lag_s", "callback_load"),
        "alerts_waiting",
        *("latency_median_ms", "latency_p99_ms", "peak_dbfs", "feed_readers"),
        *("sources", "clocks_wrong", "worst_clock_skew_s"),
    }
)
"""Statistics that may go down."""

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """Tells what a mirror knows.

    Parameters
    ----------
    mirror
        Of the listener.
    of_page
        Counts of the page's server, by name.
    """

    def __init__(self, mirror: Mirror, of_page: "dict[str, int]") -> None:
        self._mirror = mirror
        self._of_page = of_page

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics, as prometheus-client asks for them."""
        mirror = self._mirror
        yield GaugeMetricFamily(
            "streamson_up", "Whether the listener tells anything.", value=float(mirror.is_there)
        )
        for name, number in self._of_page.items():
            yield GaugeMetricFamily(f"streamson_page_{name}", f"Of the page: {name}.", value=number)
        if mirror.statistics is not None:
            yield from _totals(mirror.statistics)
        yield from self._streams()

    def _streams(self) -> Iterator[Metric]:
        rows = list(self._mirror.rows.values())[:MAX_METRIC_STREAMS]
        points = CounterMetricFamily("streamson_stream_points", "Points.", labels=["stream"])
        lost = CounterMetricFamily("streamson_stream_points_lost", "Lost.", labels=["stream"])
        notes = CounterMetricFamily("streamson_stream_notes", "Notes.", labels=["stream"])
        states = GaugeMetricFamily(
            "streamson_stream_state", "1 for the state it is in.", labels=["stream", "state"]
        )
        values = GaugeMetricFamily(
            "streamson_stream_value", "Of its last point.", labels=["stream", "field"]
        )
        skews = GaugeMetricFamily(
            "streamson_stream_clock_skew_seconds",
            "How far the clock of its source is ahead, where it is wrong by two seconds or more.",
            labels=["stream"],
        )
        for row in rows:
            if row.clock_skew_s is not None:
                skews.add_metric([row.name], row.clock_skew_s)
            points.add_metric([row.name], row.points)
            lost.add_metric([row.name], row.points_lost)
            notes.add_metric([row.name], row.notes)
            states.add_metric([row.name, row.state], 1)
            for field, value in row.fields.items():
                values.add_metric([row.name, field], value)
        yield from (points, lost, notes, states, values, skews)


def exposition(metrics: Metrics) -> bytes:
    """Return the metrics as Prometheus reads them."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(metrics)
    return generate_latest(registry)


def _totals(statistics: Statistics) -> Iterator[Metric]:
    for name in Statistics.__struct_fields__:
        value = getattr(statistics, name)
        if value is None:
            continue
        help_text = name.replace("_", " ")
        if name in GAUGES:
            yield GaugeMetricFamily(f"streamson_{name}", help_text, value=value)
        else:
            yield CounterMetricFamily(f"streamson_{name}", help_text, value=value)
