"""What is said of what happens: shorter than its sentence, in words that can be spoken."""

from typing import Final, NamedTuple

from streamson._printable import counted
from streamson.live.speech.speakable import name, speakable
from streamson.model.event.alerts import AlertRaised, AlertsMerged
from streamson.model.event.base import Event
from streamson.model.event.devices import DeviceBack, DeviceLost
from streamson.model.event.following import FeedLost, FeedRecovered
from streamson.model.event.recordings import RecordingFailed, RecordingPaused
from streamson.model.event.streams import (
    PointsLost,
    StreamForward,
    StreamRecovered,
    StreamStale,
)

MAX_NAMES: Final = 3
"""Streams of a host that are named: of more, how many."""


class Announcement(NamedTuple):
    """Something to be said.

    Attributes
    ----------
    text
        Speakable.
    is_urgent
        Whether it is said before what waits.
    """

    text: str
    is_urgent: bool = False


SPEECH_ON: Final = Announcement("speech is on")
LISTENER_GONE: Final = Announcement("the listener has gone", is_urgent=True)
LISTENER_BACK: Final = Announcement("the listener is back")

_ALWAYS_SAME: Final[dict[type[Event], str]] = {
    DeviceBack: "the sound device is back",
    FeedLost: "the listener that is followed has gone",
    FeedRecovered: "the listener that is followed is back",
    RecordingPaused: "the recording pauses",
    RecordingFailed: "there is no recording",
}


def announcement(event: Event) -> Announcement | None:
    """Return what is said of an event; None for nothing.

    Said is who comes forward, an alert as it is told, silence and its end, and what is lost:
    points, the sound device, the listener that is followed, a recording.
    """
    match event:
        case AlertRaised(waits=False):
            return _alert(event)
        case AlertsMerged(priority=priority):
            return Announcement(speakable(event.sentence), priority == "high")
        case DeviceLost():
            return Announcement("the sound device is gone", is_urgent=True)
        case _:
            text = _text(event)
            return Announcement(text) if text else None


def going_on(alerts: int) -> Announcement | None:
    """Return what is said of alerts that lasted before somebody came; None for nothing."""
    return Announcement(f"{counted(alerts, 'alert')} going on") if alerts else None


def _alert(event: AlertRaised) -> Announcement:
    is_urgent = event.priority == "high"
    what = speakable(event.speech) or f"{name(event.field)} {_kind(event)}"
    before = "urgent alert" if is_urgent else "alert"
    return Announcement(speakable(f"{before}: {name(event.stream)}: {what}"), is_urgent)


def _kind(event: AlertRaised) -> str:
    more, higher = ("more", "higher") if event.sign > 0 else ("less", "lower")
    match event.kind:
        case "above" | "below":
            limit = event.high if event.kind == "above" else event.low
            # Whose field is called percent needs no unit that says so.
            unit = "" if speakable(event.unit) == name(event.field) else event.unit
            return event.kind + ("" if limit is None else f" {_number(limit)} {unit}")
        case "level":
            return f"{higher} than usual"
        case "rate":
            return f"moves {more} than usual"
        case "season":
            return f"{higher} than usual at this time"
        case "shape":
            return "moves as never before"


def _text(event: Event) -> str:
    match event:
        case StreamForward(stream=stream, group="") | StreamForward(stream=stream, streams=1):
            return name(stream)
        case StreamForward(stream=stream, group=group, streams=streams):
            rest = stream.partition("/")[2] or stream
            return f"{name(group)}: {streams} streams, {name(rest)} in front"
        case StreamStale():
            return f"{_silent(event)} silent"
        case StreamRecovered(name=who, together=together):
            return f"the first of {together} streams back" if together else f"{name(who)} back"
        case PointsLost(points=points):
            return f"{counted(points, 'point')} lost"
        case _:
            return _ALWAYS_SAME.get(type(event), "")


def _silent(event: StreamStale) -> str:
    """Return which streams, of one host where they are several and not many at once."""
    streams = event.streams
    if event.together:
        return f"{event.together} streams at once"
    if len(streams) == 1:
        return name(streams[0])
    host = name(streams[0].partition("/")[0])
    if len(streams) > MAX_NAMES:
        return f"{host}: {len(streams)} streams"
    return f"{host}: " + ", ".join(name(stream.partition("/")[2]) for stream in streams)


def _number(value: float) -> str:
    """Return three digits of a number, without an exponent: ten million is said as such."""
    return f"{float(f'{value:.3g}'):.6f}".rstrip("0").rstrip(".")
