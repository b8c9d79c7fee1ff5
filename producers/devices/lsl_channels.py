"""Channels of the Lab Streaming Layer as fields, and samples as batches of points."""

from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from streamson.model.limits import MAX_FIELD_CHARS, MAX_FIELDS, MAX_STREAM_CHARS
from streamson.model.point import Batch
from streamson.producers.base.shortened import shortened

MAX_CHANNELS: Final = 4_096
"""A stream with more is left out."""


class ChannelGroup(NamedTuple):
    """Channels that are the fields of one stream.

    Attributes
    ----------
    stream
        Its name.
    columns
        Field name to the channel's number, from 0.
    """

    stream: str
    columns: dict[str, int]


def labels_of(info: Any) -> list[str]:
    """Return what a description calls the channels; empty where it says nothing.

    pylsl's own `get_channel_labels` prints where there are too few or too many.
    """
    labels: list[str] = []
    channel = info.desc().child("channels").child("channel")
    while not channel.empty() and len(labels) < info.channel_count():
        labels.append(channel.child_value("label"))
        channel = channel.next_sibling("channel")
    return labels


def channel_names(labels: Sequence[str], count: int) -> list[str]:
    """Return a field name for each channel: its label, or ``ch1``; no two are the same.

    >>> channel_names(["Cz", "", "Cz"], 4)
    ['Cz', 'ch2', 'Cz-3', 'ch4']
    """
    names: list[str] = []
    used: set[str] = set()
    for number in range(1, count + 1):
        label = labels[number - 1].strip() if number <= len(labels) else ""
        name = label[:MAX_FIELD_CHARS] if label.isprintable() and label else f"ch{number}"
        if name in used:
            name = f"{name[: MAX_FIELD_CHARS - 8]}-{number}"
        while name in used:  # somebody called a channel so
            name = f"{name[: MAX_FIELD_CHARS - 1]}'"
        used.add(name)
        names.append(name)
    return names


def choose_channels(names: Sequence[str], wanted: Sequence[str]) -> dict[str, int]:
    """Return the number, from 0, of each channel that is wanted.

    Parameters
    ----------
    names
        Of all channels.
    wanted
        Shell patterns, and numbers from 1; all if there are none.
    """
    return {
        name: number
        for number, name in enumerate(names)
        if not wanted
        or str(number + 1) in wanted
        or any(fnmatchcase(name, pattern) for pattern in wanted)
    }


def group_channels(stream: str, chosen: Mapping[str, int]) -> list[ChannelGroup]:
    """Return as many streams as channels take.

    Parameters
    ----------
    stream
        The stream's name. Where there are several, each has its first and last channel's number
        behind it.
    chosen
        Field name to the channel's number, from 0.
    """
    pairs = list(chosen.items())
    if len(pairs) <= MAX_FIELDS:
        return [ChannelGroup(stream, dict(pairs))] if pairs else []
    parts = [pairs[start : start + MAX_FIELDS] for start in range(0, len(pairs), MAX_FIELDS)]
    stream = shortened(stream, MAX_STREAM_CHARS - 12)
    return [
        ChannelGroup(f"{stream}/{part[0][1] + 1}-{part[-1][1] + 1}", dict(part)) for part in parts
    ]


def batches_of(
    groups: Sequence[ChannelGroup], samples: NDArray[Any], times: NDArray[np.float64]
) -> Iterator[Batch]:
    """Yield the points of each stream.

    Parameters
    ----------
    groups
        The streams.
    samples
        Shape (samples, channels).
    times
        Seconds since 1970, shape (samples,).
    """
    for group in groups:
        columns = {}
        for name, number in group.columns.items():
            column = samples[:, number].astype(np.float64)  # a copy: samples come into the same
            column[~np.isfinite(column)] = np.nan
            columns[name] = column
        yield Batch(group.stream, columns, times)
