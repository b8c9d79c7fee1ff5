"""Times in lines: however they are written, the same moment."""

import time
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamson.producers.text.times import TimeFinder

MOMENT = datetime(2026, 11, 7, 18, 54, 17, 250_000, tzinfo=UTC)
NOW = datetime(2026, 11, 8, 6, tzinfo=UTC).timestamp()


@pytest.fixture(params=["UTC", "America/New_York", "Asia/Kolkata"])
def zone(request, monkeypatch):
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield request.param
    monkeypatch.undo()
    time.tzset()


def find(line, now=NOW):
    return TimeFinder(lambda: now).find(line)


def test_a_moment_is_the_same_however_it_is_written(zone):
    local = MOMENT.astimezone()
    written = [
        MOMENT.isoformat(),
        MOMENT.isoformat().replace("+00:00", "Z"),
        "2026-11-07 18:54:17.25 UTC",
        "2026-11-07 18:54:17.250 +0000",
        "2026-11-07T19:54:17.250+0100",
        f"[{local:%Y-%m-%d %H:%M:%S},250]",
        f"{local:%Y-%m-%d %H:%M:%S},250 INFO",
        f"{local:%Y/%m/%d %H:%M:%S}.250",
        f"{local:%d/%b/%Y:%H:%M:%S}.250 {local:%z}",
        f"{local:%b %e %H:%M:%S}.250",
        f"{local:%a %b %d %H:%M:%S}.250000 2026",
        f"{MOMENT:%a %b %d %H:%M:%S}.25 UTC 2026",
        f"{local:%H:%M:%S}.250000 IP",
        f"{local:%I:%M:%S}.25 {local:%p} CPU",
        f"{MOMENT.timestamp()} 5",
        f"[{MOMENT.timestamp()}] 5",
        f"{round(MOMENT.timestamp() * 1e3)} 5",
    ]
    for text in written:
        found = find(text)
        assert found is not None, text
        assert found.seconds == pytest.approx(MOMENT.timestamp(), abs=1e-6), text
        assert found.start == 0


@pytest.mark.parametrize(
    "line",
    [
        *("", "x=5", "12:30", "99:00:00 x", "2026-99-07 18:54:17", "10.0.0.1:8080:00", "::1"),
        *("1234567890 5", "1700000000", "a 12:00:00", "Feb 30 10:00:00", "took 00:05", "1:2:3:4"),
        *("Xyz 12 10:00:00", "5512026-11-07T18:54:17", "9999999999 5", "2026-11-07T25:00:00Z"),
    ],
)
def test_what_is_no_time_is_none(line):
    assert find(line) is None


def test_of_two_times_the_first_counts():
    line = "start 2026-11-07T00:00:00Z end 2026-11-08T00:00:00Z"
    found = find(line)
    assert line[found.start : found.end] == "2026-11-07T00:00:00Z"


@pytest.mark.parametrize(
    ("now", "line", "expected"),
    [
        ("2026-01-01 00:00:05", "Dec 31 23:59:58 x", "2025-12-31 23:59:58"),
        ("2026-01-01 00:00:05", "Jan  1 00:00:04 x", "2026-01-01 00:00:04"),
        ("2026-12-31 23:59:58", "Jan  1 00:00:01 x", "2027-01-01 00:00:01"),  # its clock is ahead
        ("2026-11-08 06:00:00", "Dec 24 00:00:01 x", "2025-12-24 00:00:01"),
        ("2026-06-01 00:00:05", "23:59:58.5 IP", "2026-05-31 23:59:58.5"),
        ("2026-06-01 23:59:59", "00:00:01 IP", "2026-06-02 00:00:01"),
    ],
)
def test_what_a_time_lacks_is_what_is_nearest_to_now(zone, now, line, expected):
    at, wanted = (datetime.fromisoformat(text).timestamp() for text in (now, expected))
    assert find(line, at).seconds == wanted


@given(
    st.datetimes(datetime(1971, 1, 1), datetime(2100, 1, 1)),
    st.integers(-14 * 4, 14 * 4),
    st.sampled_from(["seconds", "milliseconds", "microseconds"]),
    st.sampled_from(["T", " "]),
)
def test_a_time_with_its_zone_is_read_back(moment, quarters, precision, joint):
    moment = moment.replace(tzinfo=timezone(timedelta(minutes=15 * quarters)))
    text = moment.isoformat(joint, precision)
    found = find(f"x: {text} y=1")
    assert found.seconds == datetime.fromisoformat(text).timestamp()
    assert f"x: {text} y=1"[found.start : found.end] == text


@given(st.text(max_size=60), st.floats(0, 4e9))
def test_any_text_has_a_time_or_none(text, now):
    found = find(text, now)
    assert found is None or 0 <= found.start < found.end <= len(text)


@given(st.from_regex(r"[\[(]?[0-9TZ:/ .,+JanFeb-]{1,40}", fullmatch=True))
def test_what_looks_like_a_time_is_one_or_none(text):
    found = find(text)
    assert found is None or abs(found.seconds) < 1e12


@pytest.mark.parametrize("part", ["2026-11-07T18:54:17", "0:00", "Jan ", "[", "1", "2026/11/07 "])
def test_no_line_takes_long(part):
    line = (part * 65_536)[:65_536]
    begin = time.monotonic()
    find(line)
    assert time.monotonic() - begin < 0.5
