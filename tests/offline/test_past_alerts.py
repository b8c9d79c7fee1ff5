"""What is told of the past is what a listener would have told."""

import csv
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamson import Listener, Publisher
from streamson.model.event.alerts import AlertCleared, AlertRaised
from streamson.model.event.streams import StreamStale
from streamson.model.point import Batch, DataPoint
from streamson.offline.past_alerts import YOUNG_POINTS
from streamson.offline.past_inputs import FRAMES_A_SECOND, PastRecording, PastTable
from streamson.score.score import Score
from streamson.score.tick_clock import TICK_S
from streamson.session.load import parse_session
from tests.conftest import until

TOML = """
[[part]]
[[alert]]
field = "x"
outlier = "1 an hour"
[[alert]]
field = "y"
above = 8
hysteresis = 2
duration = 90
"""
SESSION = parse_session(TOML.encode(), "past.toml")


def values_with_incidents(seed, size=900):
    """Return noise with a shift and a spike, and a walk that leaves its band."""
    generator = np.random.default_rng(seed)
    x = generator.normal(size=size)
    x[600:630] += 12
    x[800] = 40
    y = 5 + generator.normal(size=size).cumsum() / 8
    y[200:220] = 9
    return x.tolist(), y.tolist()


def told_live(times, columns):
    """Return what a score tells that gets the points as they come."""
    events = []
    score = Score(SESSION, sample_rate=FRAMES_A_SECOND, on_event=events.append)
    tick = round(TICK_S * FRAMES_A_SECOND)
    flushed = 0
    for i, time in enumerate(times):
        frame = round((time - times[0]) * FRAMES_A_SECOND)
        for at in range(flushed, frame, tick):
            score.flush(at)
        flushed = frame
        fields = {name: float(column[i]) for name, column in columns.items()}
        score.process(DataPoint("t", fields, time), frame)
    return events


def written(path, times, columns):
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["time", *columns])
        writer.writerows(zip(times, *columns.values(), strict=True))


@pytest.mark.parametrize("seed", [1, 2])
def test_a_table_tells_what_a_listener_tells_of_its_points(seed, tmp_path):
    x, y = values_with_incidents(seed)
    times = [1_000.0 + 10 * i + (3_000 if i > 500 else 0) for i in range(len(x))]
    written(tmp_path / "t.csv", times, {"x": x, "y": y})
    past = list(PastTable(tmp_path / "t.csv", SESSION).alerts())
    live = told_live(times, {"x": x, "y": y})
    raised = [event for event in live if isinstance(event, AlertRaised)]
    assert [alert for alert in past if alert.kind != "silent"] == [
        ("t", event.time, event.field, event.value, event.kind, event.surprise or None)
        for event in raised
    ]
    assert {event.field for event in raised} == {"x", "y"}
    (silent,) = [alert for alert in past if alert.kind == "silent"]
    (stale,) = [event for event in live if isinstance(event, StreamStale)]
    at = times[500] + stale.silent_s
    assert at - TICK_S <= silent.time <= at


def test_a_recording_tells_what_its_listener_told(tmp_path):
    x, y = values_with_incidents(3)
    events = []
    with (
        Listener(
            "tcp://127.0.0.1:*", session=SESSION, output="none", record=tmp_path / "r"
        ) as listener,
        Publisher(listener.endpoint) as publisher,
    ):
        listener.subscribe(events.append)
        for i in range(900):
            publisher.send("t", {"x": x[i], "y": y[i]}, time=10.0 * i)
            publisher.send("u", {"x": x[-i], "y": y[-i]}, time=10.0 * i)
        until(lambda: listener.stats().points_received == 1_800, "the points")
    told = [
        (event.stream, event.time, event.field, event.value, event.kind)
        for event in events
        if isinstance(event, AlertRaised)
    ]
    found = PastRecording(Path(tmp_path / "r"), SESSION).alerts()
    assert told
    assert [alert[:5] for alert in found if alert.kind != "silent"] == told


def told(events):
    kept = [event for event in events if isinstance(event, AlertRaised | AlertCleared)]
    return [(type(event), event.field, event.time, event.value, event.kind) for event in kept]


def by_field(events):
    """Of a batch the fields are told one after the other."""
    return {field: [one for one in events if one[1] == field] for field in "xy"}


@settings(max_examples=6)
@given(seed=st.integers(0, 99), sizes=st.lists(st.integers(1, 90), min_size=20, max_size=20))
def test_batches_tell_what_single_points_tell(seed, sizes):
    x, y = map(np.array, values_with_incidents(seed))
    events, others = [], []
    single = Score(SESSION, sample_rate=1, on_event=events.append)
    batched = Score(SESSION, sample_rate=1, on_event=others.append)
    start = 0
    for size in sizes:
        rows = np.arange(start, min(start + size, len(x)))
        start += size
        frame = 10 * start
        for i in rows:
            point = {"x": float(x[i]), "y": float(y[i])}
            single.process(DataPoint("t", point, 10.0 * i), frame)
        if len(rows):
            batched.process(Batch("t", {"x": x[rows], "y": y[rows]}, 10.0 * rows), frame)
    assert by_field(told(events)) == by_field(told(others))


@settings(max_examples=6)
@given(seed=st.integers(0, 99), cut=st.integers(1, 899))
def test_what_is_restored_goes_on_alike(seed, cut):
    x, y = values_with_incidents(seed)
    points = [DataPoint("t", {"x": x[i], "y": y[i]}, 10.0 * i) for i in range(len(x))]
    events, others = [], []
    first = Score(SESSION, sample_rate=1, on_event=events.append)
    for i, point in enumerate(points[:cut]):
        first.process(point, 10 * i)
    second = Score(SESSION, sample_rate=1, on_event=others.append)
    second.restore(msgspec.msgpack.decode(msgspec.msgpack.encode(first.state())))
    events.clear()
    for i, point in enumerate(points[cut:], cut):
        first.process(point, 10 * i)
        second.process(point, 10 * i)
    assert told(events) == told(others)


@pytest.mark.parametrize(("rows", "is_young"), [(YOUNG_POINTS, True), (YOUNG_POINTS + 1, False)])
def test_too_few_rows_are_told_and_one_more_can_be_unusual(rows, is_young, tmp_path):
    path = tmp_path / "short.csv"
    values = np.random.default_rng(3).normal(size=rows)
    values[-1] = 1e6
    path.write_text("time,x\n" + "".join(f"{60 * i},{value}\n" for i, value in enumerate(values)))
    table = PastTable(path, SESSION)
    assert bool(list(table.alerts())) is not is_young
    told = f"nothing was unusual of short: {rows} points can't tell, for it takes more than 269"
    assert (told in table.remarks) is is_young


def test_of_many_short_streams_one_line_tells(tmp_path):
    path = tmp_path / "short.csv"
    path.write_text("time,x,y\n" + "".join(f"{i},1,2\n" for i in range(96)))
    session = parse_session(b'[[alert]]\noutlier = "1 a day"', "any.toml")
    table = PastTable(path, session, each_column=True)
    list(table.alerts())
    (remark,) = table.remarks
    assert remark.startswith(
        "nothing was unusual of 2 streams, the longest of which is short.x: 96"
    )
