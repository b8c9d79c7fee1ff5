"""Names of series: the metric, and what tells its series apart."""

import logging
from collections.abc import Collection, Mapping, Sequence
from typing import Final

from streamson.producers.base.stream_template import StreamTemplate

TARGET: Final = ("instance", "job")
"""Labels that say where it was scraped: in names only where nothing else tells series apart."""

PER_CORE: Final = ("cpu", "core")
"""Labels of exporters that part what belongs to one machine: such series are added up."""

MAX_METRICS: Final = 20_000
"""Of which is remembered what told their series apart."""

_log = logging.getLogger(__name__)


class SeriesNames:
    """Names series after a template.

    What tells the series of a metric apart is its labels whose values differ; those that once did
    stay in the names.

    Where a template leaves {metric} out, several metrics may become one stream: then their fields
    are to be named by the metric.

    Parameters
    ----------
    template
        Of which {metric} is the metric, {labels} what tells apart, and any other label itself.
    together
        Labels that {labels} leaves out: their series get the same name.

    Attributes
    ----------
    has_metric
        Whether names hold the metric.
    unknown
        Labels of the template that no series had.
    """

    def __init__(self, template: StreamTemplate, together: Collection[str]) -> None:
        self._template = template
        self._together = frozenset(together)
        self._telling: dict[str, list[str]] = {}
        self.has_metric = "metric" in template.labels
        self.unknown = set(template.labels) - {"metric", "labels"}

    def name(
        self, metric: str, series: Sequence[Mapping[str, str]], known: Mapping[str, str]
    ) -> list[str]:
        """Return the names of all series of a metric, given by their labels, in their order."""
        telling = self._labels(metric, series)
        if self.unknown:
            self.unknown.difference_update(known, *series)
        return [
            self._template.fill(
                {
                    **labels,
                    **known,
                    "metric": metric,
                    "labels": "/".join(labels[label] for label in telling if labels.get(label)),
                }
            )
            for labels in series
        ]

    def _labels(self, metric: str, series: Sequence[Mapping[str, str]]) -> list[str]:
        """Return the labels that tell the series of a metric apart."""
        telling = self._telling.get(metric, [])
        candidates = [
            label
            for label in dict.fromkeys(label for labels in series for label in labels)
            if label not in self._together and label not in telling and _differs(label, series)
        ]
        found = telling + [label for label in candidates if label not in TARGET]
        distinct = len({_values(labels, found + candidates) for labels in series})
        for label in TARGET:
            if label in candidates and len({_values(one, found) for one in series}) < distinct:
                found.append(label)
        if len(self._telling) < MAX_METRICS or metric in self._telling:
            self._telling[metric] = found
        return found


def _differs(label: str, series: Sequence[Mapping[str, str]]) -> bool:
    first = series[0].get(label, "")
    return any(labels.get(label, "") != first for labels in series)


def _values(labels: Mapping[str, str], names: Sequence[str]) -> tuple[str, ...]:
    return tuple(labels.get(name, "") for name in names)


def tell_unknown(names: SeriesNames) -> None:
    """Log, once, which labels of a template no series had: they may be misspelt."""
    if names.unknown:
        missing = ", ".join(f"{{{label}}}" for label in sorted(names.unknown))
        _log.warning("--stream: no series has the label %s", missing)
        names.unknown.clear()
