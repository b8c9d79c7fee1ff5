"""What an exporter for Prometheus shows: text, or OpenMetrics, metric by metric."""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from streamson.producers.base.unusable import Unusable

if TYPE_CHECKING:
    from prometheus_client.metrics_core import Metric

ACCEPT: Final = (
    "text/plain;version=0.0.4, application/openmetrics-text;version=1.0.0;q=0.8, */*;q=0.1"
)
"""Text first: all speak it, and how it is read forgives more. OpenMetrics says nothing more that
is heard."""

OPENMETRICS: Final = "application/openmetrics-text"

MAX_SAMPLES: Final = 20_000
"""Lines that are read at once: half a second of work. What is beyond is left out."""

_SAMPLE_NAME: Final = re.compile(r'[^\s{"#]*')
_SUFFIXES: Final = ("_bucket", "_count", "_sum", "_total", "_created", "_gcount", "_gsum", "_info")


class Block(NamedTuple):
    """The lines of a metric.

    Attributes
    ----------
    name
        As the lines that describe it say, or else the sample.
    lines
        Of which those that are no samples begin with #.
    samples
        How many of them are samples.
    """

    name: str
    lines: list[str]
    samples: int


def blocks(text: str) -> Iterator[Block]:
    """Take a text apart, metric by metric: what is not wanted need not be read any closer."""
    name, samples = "", 0
    lines: list[str] = []
    for line in text.split("\n"):
        if line.startswith("#"):
            words = line.split(None, 3)
            if len(words) < 3 or words[1] not in {"HELP", "TYPE", "UNIT"}:
                continue
            found, is_sample = words[2], 0
            is_same = found == name
        elif line.strip():
            match = _SAMPLE_NAME.match(line.lstrip())
            found, is_sample = match[0] if match else "", 1
            is_same = found == name or (
                found.startswith(name) and found.removeprefix(name) in _SUFFIXES
            )
        else:
            continue
        if not is_same:
            if lines:
                yield Block(name, lines, samples)
            name, lines, samples = found, [], 0
        lines.append(line)
        samples += is_sample
    if lines:
        yield Block(name, lines, samples)


class Exposition(NamedTuple):
    """What was found in a text.

    Attributes
    ----------
    metrics
        That are wanted and could be read.
    left_out
        Samples of metrics that are not wanted.
    beyond
        Samples beyond `MAX_SAMPLES`.
    """

    metrics: "list[Metric]"
    left_out: int
    beyond: int


def read_exposition(
    text: str, media_type: str, is_wanted: Callable[[str], bool], unusable: Unusable
) -> Exposition:
    """Return the metrics that are wanted by their name; those that can't be read are counted."""
    is_openmetrics = media_type == OPENMETRICS
    metrics: list[Metric] = []
    taken = left_out = beyond = 0
    for block in blocks(text):
        if not is_wanted(_sample_name(block, is_openmetrics=is_openmetrics)):
            left_out += block.samples
        elif taken + block.samples > MAX_SAMPLES:
            beyond += block.samples
        else:
            taken += block.samples
            metrics += _read(block, unusable, is_openmetrics=is_openmetrics)
    return Exposition(metrics, left_out, beyond)


def _sample_name(block: Block, *, is_openmetrics: bool) -> str:
    """Return what a metric is called in its samples: OpenMetrics describes counters without."""
    is_counter = is_openmetrics and f"# TYPE {block.name} counter" in block.lines
    return f"{block.name}_total" if is_counter else block.name


def _read(block: Block, unusable: Unusable, *, is_openmetrics: bool) -> "list[Metric]":
    from prometheus_client import parser
    from prometheus_client.openmetrics import parser as openmetrics_parser

    # The parsers of both formats have the same interface, of which one has no types.
    module: Any = openmetrics_parser if is_openmetrics else parser
    read: Callable[[str], Iterable[Metric]] = module.text_string_to_metric_families
    text = "\n".join(block.lines) + "\n"
    try:
        return list(read(f"{text}# EOF\n" if is_openmetrics else text))
    except (
        ValueError,
        LookupError,
        TypeError,
        AttributeError,
        OverflowError,
    ):  # whatever garbage leads it to
        unusable.add("that can't be read", block.lines[-1])
        return []
