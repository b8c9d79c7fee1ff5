"""Alerts that are not over, and below what happened, the newest first."""

import math
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final, NamedTuple

from streamson.live.terminal.cells import cut, fit
from streamson.live.terminal.glyphs import Glyphs
from streamson.live.terminal.lines import EMPTY, Line, Span, Style, full
from streamson.live.terminal.view import KNOWN
from streamson.live.terminal.watched import Watched
from streamson.live.times import time_of_day
from streamson.model.event.alerts import AlertRaised, AlertsMerged
from streamson.model.event.devices import DeviceLost
from streamson.model.event.following import FeedLost, SessionNotFollowed
from streamson.model.event.recordings import RecordingFailed, RecordingPaused
from streamson.model.event.steering import Caption, SessionRefused
from streamson.model.event.streams import PointsUnplayed
from streamson.model.feed import ActiveAlert, EventTold

_SAME_S: Final = 1.0
"""An event so near to an alert of the same words is the one that raised it."""

_WORDS: Final = {
    "AlertRaised": "alert",
    "AlertCleared": "over",
    "AlertsMerged": "alerts",
    "StreamStale": "silent",
    "StreamRecovered": "back",
    "PointsLost": "lost",
    "PointsUnplayed": "field",
    "AlertAcknowledged": "known",
    "StreamMuted": "mute",
    "StreamSoloed": "solo",
    "VolumeChanged": "volume",
    "SessionChanged": "session",
    "SessionRefused": "session",
    "SessionNotFollowed": "session",
    "FeedJoined": "feed",
    "FeedLost": "feed",
    "FeedRecovered": "feed",
    "RecordingStarted": "record",
    "RecordingRotated": "record",
    "RecordingPaused": "record",
    "RecordingFailed": "record",
    "PageServed": "page",
    "RecordingEnded": "record",
    "DeviceLost": "device",
    "DeviceBack": "device",
    "Caption": "caption",
}
"""What an event is about, in a word."""

_WORD_WIDTH: Final = 7
_NARROW: Final = 60
"""With fewer cells there are no words before the sentences, but where an alert lasts."""

_BAD: Final = (
    *(DeviceLost, FeedLost, PointsUnplayed, RecordingFailed, RecordingPaused),
    *(SessionNotFollowed, SessionRefused),
)


class _Happening(NamedTuple):
    time: float
    word: str
    sentence: str
    style: Style


def happening_lines(
    watched: Watched, *, width: int, height: int, now: float, glyphs: Glyphs
) -> list[Line]:
    """Return the heading and as much as has room; nothing where there is not even that.

    Parameters
    ----------
    watched
        The listener.
    width, height
        Cells.
    now
        The time, as `time.monotonic`.
    glyphs
        What is drawn with.
    """
    if height < 2:
        return [EMPTY] * height
    lines = [_heading(watched, width)]
    found = islice(_happenings(watched, watched.caption(now)), height - 1)
    lines += [_line(one, width, glyphs) for one in found]
    return lines + [EMPTY] * (height - len(lines))


def _heading(watched: Watched, width: int) -> Line:
    state = watched.mirror.state
    alerts = len(state.alerts) if state else 0
    text = f"  ALERTS {alerts}, EVENTS" if alerts else "  EVENTS"
    return full(Line((Span(text, Style.HEADING),)), width, Style.HEADING)


def _happenings(watched: Watched, caption: str) -> Iterator[_Happening]:
    """Yield alerts, then events, without those that stand elsewhere on the screen."""
    state = watched.mirror.state
    alerts = state.alerts if state else ()
    merged = _last_merged(watched, alerts)
    if merged is not None:  # of hundreds it says in a line what they are
        yield _Happening(merged.time, "ALERTS", merged.sentence, Style.ALARM)
    for alert in sorted(alerts, key=lambda one: (one.acknowledged, -one.raised_at)):
        word, style = (KNOWN, Style.WARNING) if alert.acknowledged else ("ALERT", Style.ALARM)
        yield _Happening(alert.raised_at, word, alert.sentence, style)
    lasting = {alert.sentence: alert.raised_at for alert in alerts}
    for told in reversed(watched.mirror.events):
        event = told.event
        raised_at = lasting.get(told.sentence, math.inf)
        if isinstance(event, AlertRaised) and abs(told.time - raised_at) < _SAME_S:
            continue
        if told is merged:
            continue
        if isinstance(event, Caption) and caption == told.sentence:
            continue
        style = Style.WARNING if isinstance(event, _BAD) else Style.NORMAL
        yield _Happening(told.time, _WORDS.get(type(event).__name__, ""), told.sentence, style)


def _last_merged(watched: Watched, alerts: Sequence[ActiveAlert]) -> EventTold | None:
    """Return what was last told as one, while any of those lasts that nobody knows of."""
    told = reversed(watched.mirror.events)
    merged = next((one for one in told if isinstance(one.event, AlertsMerged)), None)
    if merged is None:
        return None
    lasts = any(not one.acknowledged and one.raised_at <= merged.time for one in alerts)
    return merged if lasts else None


def _line(one: _Happening, width: int, glyphs: Glyphs) -> Line:
    is_narrow = width < _NARROW
    when = time_of_day(one.time)[: 5 if is_narrow else 8]
    word = f"{one.word} " if is_narrow and one.word in ("ALERT", KNOWN) else ""
    if not is_narrow:
        word = f"{fit(one.word, _WORD_WIDTH)} "
    before = f"  {when} {word}"
    sentence = cut(glyphs.shown(one.sentence), width - len(before), ellipsis=glyphs.ellipsis)
    return full(
        Line((Span(f"  {when} ", Style.QUIET), Span(word, one.style), Span(sentence, one.style))),
        width,
    )
