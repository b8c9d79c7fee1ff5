"""The top of the screen: whose listener it is, how it does, how loud it is."""

from typing import Final

from streamson._printable import counted
from streamson.live.terminal import figures
from streamson.live.terminal.cells import fit
from streamson.live.terminal.glyphs import Glyphs
from streamson.live.terminal.lines import Line, Span, Style, full, joined, parted, wrapped
from streamson.live.terminal.watched import Watched
from streamson.live.times import elapsed
from streamson.model.feed import ListenerState
from streamson.model.statistics import Statistics

MAX_CAPTION_LINES: Final = 3

_FIGURE_GAP: Final = "  "


def bar_line(watched: Watched, width: int, glyphs: Glyphs) -> Line:
    """Return the bar: session, output, and how long it has played."""
    mirror = watched.mirror
    if not mirror.is_there:
        gone = " NO LISTENER: it tells nothing any more; waiting for it"
        return parted(gone, "q ends ", width, glyphs.ellipsis)
    words = ["streamson"]
    if mirror.state is not None:
        words.append(glyphs.shown(mirror.state.session))
    if watched.lost_device:
        words.append(f'NO SOUND: "{glyphs.shown(watched.lost_device)}" is gone')
    elif mirror.hello is not None:
        words.append(glyphs.shown(mirror.hello.output))
        if not mirror.hello.plays and mirror.state is not None and mirror.state.page_url:
            words[-1] += f": hear it on {glyphs.shown(mirror.state.page_url)}"
    clock = elapsed(mirror.statistics.seconds) if mirror.statistics else ""
    return parted(" " + f" {glyphs.between} ".join(words), f"{clock} ", width, glyphs.ellipsis)


def figures_line(watched: Watched, width: int, glyphs: Glyphs) -> Line:
    """Return volume, recording and the listener's figures, as many as have room."""
    state, stats = watched.mirror.state, watched.mirror.statistics
    parts: list[tuple[int, Span]] = []
    if state is not None:
        parts += [(0, _volume(state)), (1, _recording(state, stats, width, glyphs))]
    if stats is not None:
        parts += [(rank, span) for rank, span in _figures(watched, stats) if span.text]
    return full(Line((Span(" "), *joined(parts, width - 2, _FIGURE_GAP).spans)), width)


def meter_line(watched: Watched, width: int, glyphs: Glyphs) -> Line:
    """Return a meter for the left and one for the right channel, with their greatest levels."""
    each = (width - 1) // 2
    bar_width = max(0, each - 11)
    spans: list[Span] = []
    for at, side in enumerate("LR"):
        peak = watched.peak_dbfs[at]
        bar, rest = figures.meter(watched.rms_dbfs[at], peak, bar_width, glyphs)
        spans += [
            Span(f" {side} "),
            Span(bar, _loudness(peak)),
            Span(rest, Style.QUIET),
            Span(fit(figures.decibels(peak), 7, right=True) + " "),
        ]
    return full(Line(tuple(spans)), width)


def caption_lines(
    watched: Watched, width: int, height: int, now: float, glyphs: Glyphs
) -> list[Line]:
    """Return what somebody who explains says, on so many lines at most; none for nothing."""
    text = glyphs.shown(watched.caption(now))
    lines = wrapped(text, width, min(height, MAX_CAPTION_LINES), glyphs.ellipsis)
    return [full(Line((Span(line, Style.STRONG),)), width) for line in lines]


def _volume(state: ListenerState) -> Span:
    level = f"{state.volume_db:.3g} dB"
    if state.muted:
        return Span(f"MUTED ({level})", Style.WARNING)
    return Span(f"volume {level}", Style.STRONG)


def _recording(state: ListenerState, stats: Statistics | None, width: int, glyphs: Glyphs) -> Span:
    if state.recording is None:
        return Span("not recording", Style.QUIET)
    seconds = f" {elapsed(stats.recorded_seconds)}" if stats else ""
    where = f" to {glyphs.shown(state.recording)}" if width >= 120 else ""
    return Span(f"REC{seconds}{where}", Style.WARNING)


def _figures(watched: Watched, stats: Statistics) -> list[tuple[int, Span]]:
    state = watched.mirror.state
    alerts = [alert for alert in state.alerts if not alert.acknowledged] if state else []
    delay = stats.latency_median_ms
    hello = watched.mirror.hello
    follows = hello is not None and hello.follows  # who gets the notes of another, and no points
    rate = figures.rate(watched.points_per_second).replace("/", " points/")
    lost = Span(f"{stats.points_lost} lost", Style.WARNING if stats.points_lost else Style.QUIET)
    points = counted(stats.points_received, "point")
    missed = stats.blocks_missed if hello is not None and hello.plays else 0
    return [
        (2, _trouble(len(alerts), counted(len(alerts), "alert"), Style.ALARM)),
        (3, _trouble(stats.faults, counted(stats.faults, "fault"))),
        (5, Span("" if follows else rate)),
        (7, Span(f"load {100 * stats.callback_load:.1f} %")),
        (8, Span("" if delay is None else f"latency {delay:.1f} ms")),
        (6, Span("") if follows else lost),
        (4, Span(_in_front(stats))),
        (4, _trouble(stats.streams_stale, f"{stats.streams_stale} silent")),
        (9, _trouble(stats.notes_dropped, f"{stats.notes_dropped} dropped")),
        (10, _trouble(stats.streams_refused, f"{stats.streams_refused} streams too many")),
        (11, _trouble(missed, counted(missed, "missed block"))),
        (12, Span(counted(stats.notes_played, "note"), Style.QUIET)),
        (13, Span("" if follows else points, Style.QUIET)),
    ]


def _in_front(stats: Statistics) -> str:
    """Return how many streams play, where not all do."""
    return f"{stats.streams_in_front} in front" if stats.streams_in_front < stats.streams else ""


def _trouble(number: int, words: str, style: Style = Style.WARNING) -> Span:
    """Return what should not be; nothing where it is not."""
    return Span(words if number else "", style)


def _loudness(peak: float | None) -> Style:
    if peak is None or peak < -12:
        return Style.GOOD
    return Style.WARNING if peak < -3 else Style.ALARM
