"""Numbers by a pattern that somebody gave, and counts."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamson.errors import UsageError
from streamson.producers.text.event_counts import EventCounter, parse_counts
from streamson.producers.text.pattern import TIMEOUT_S, BoundedPattern, PatternParser


def parse(pattern, line):
    return PatternParser(BoundedPattern(pattern, "--pattern")).parse(line)


@pytest.mark.parametrize(
    ("pattern", "line", "fields", "labels"),
    [
        (r"took (?P<ms>\d+) ms", "GET / took 53 ms", {"ms": 53}, {"ms": "53"}),
        (r"(?P<method>\w+) /\S* (?P<n>\S+)", "GET /x 5kB", {"n": 5}, {"method": "GET", "n": "5kB"}),
        (r"(?P<a>-?[\d,]+)(?P<b> x)?", "-1,5 y", {"a": -1.5}, {"a": "-1,5"}),
        (r"(?P<time>\d+) (?P<n>\d+)", "1700000000 7", {"n": 7}, {"n": "7"}),
        (r"(?P<n>\d+)", "none", None, None),
        (r"(?P<w>[a-z]+)", "words", {}, {"w": "words"}),
    ],
)
def test_named_groups_are_fields_or_labels(pattern, line, fields, labels):
    parsed = parse(pattern, line)
    if fields is None:
        assert list(parsed) == []
        return
    assert (parsed[0].fields, parsed[0].labels) == (fields, labels)


def test_a_time_is_that_of_the_line_or_of_a_group_called_so():
    line = "2026-11-27T18:54:17Z n=5 then 2026-11-27T19:54:17Z"
    assert parse(r"n=(?P<n>\d+)", line)[0].time == 1795805657
    assert parse(r"n=(?P<n>\d+) then (?P<time>\S+)", line)[0].time == 1795809257


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("(", r"--pattern: found '\('; a regular expression is allowed"),
        (r"(\d+)", "--pattern: found no named group"),
        ("(?P<a>x)" * 600, "found 4800 characters; up to 4096"),
        ("(?P<1>x)", "a regular expression is allowed"),
    ],
)
def test_a_wrong_pattern_is_explained(pattern, message):
    with pytest.raises(UsageError, match=message):
        parse(pattern, "")


def test_a_pattern_that_would_take_ages_gives_up():
    given_up = []
    pattern = BoundedPattern(r"(?P<n>(?:\d|\d\d)+)$", "--pattern", lambda: given_up.append(1))
    begin = time.monotonic()
    assert list(PatternParser(pattern).parse("1" * 60 + "x" * 60_000)) == []
    assert time.monotonic() - begin < 10 * TIMEOUT_S
    assert given_up == [1]


@given(st.integers(0, 10**9), st.text("abc ", max_size=20), st.text("abc ", max_size=20))
def test_a_number_is_found_amid_words(number, before, after):
    (parsed,) = parse(r"n=(?P<n>\d+)", f"{before}n={number}{after}")
    assert parsed.fields == {"n": number}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["x"], "--count: found 'x'; NAME=PATTERN is allowed"),
        (["=x"], "NAME=PATTERN is allowed"),
        (["\x1b=x"], "NAME=PATTERN is allowed"),
        (["a=("], r"--count a: found '\('"),
        (["a=x", "a=y"], "found 'a' twice"),
        ([f"a{number}=x" for number in range(65)], "found 65; up to 64"),
    ],
)
def test_a_wrong_count_is_explained(options, message):
    with pytest.raises(UsageError, match=message):
        parse_counts(options, lambda: None)


@given(st.lists(st.tuples(st.floats(0.01, 5), st.integers(0, 5)), max_size=40))
def test_all_that_is_counted_is_told(steps):
    now = [0.0]
    counter = EventCounter(1.0, lambda: now[0])
    counter.watch("a")
    told, at = 0.0, 0.0
    for seconds, number in steps:
        counter.add("a", number)
        now[0] += seconds
        for _, rate in counter.due():
            elapsed = round(now[0] - at - (now[0] - at) % 1.0)
            told, at = told + rate * elapsed, at + elapsed
    told += sum(rate for _, rate in counter.rest())
    assert told == pytest.approx(sum(number for _, number in steps))


def test_what_is_not_there_is_counted_as_none():
    now = [0.0]
    counter = EventCounter(0.5, lambda: now[0])
    counter.watch("a")
    now[0] = 0.5
    assert list(counter.due()) == [("a", 0.0)]
    now[0] = 0.9
    assert list(counter.due()) == []
