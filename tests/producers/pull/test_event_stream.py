"""Server-sent events, by the examples of the standard, in any portions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamson.producers.pull.event_stream import MAX_EVENT_BYTES, Event, EventStream

LINES = st.sampled_from(
    [
        *(
            "data: 1",
            "data:2",
            "data",
            "data:  two spaces",
            ": comment",
            ":",
            "event: load",
            "event",
        ),
        *("id: 7", "id", "id: \0", "retry: 100", "retry: 1x", "unknown: x", "no colon", "", "", ""),
        *("data: ü", "\ufeffdata: 3"),
    ]
)
ENDS = st.sampled_from(["\n", "\r", "\r\n"])
STREAMS = st.lists(st.tuples(LINES, ENDS)).map(lambda lines: "".join(a + b for a, b in lines))


def events(*parts: bytes) -> list[tuple[str, str]]:
    stream = EventStream()
    return [tuple(event) for part in parts for event in stream.feed(part)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # The examples of 9.2.6.
        ("data: YHOO\ndata: +2\ndata: 10\n\n", [("message", "YHOO\n+2\n10")]),
        (
            ": test\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third\n\n",
            [("message", "first event"), ("message", "second event"), ("message", " third")],
        ),
        ("data\n\ndata\ndata\n\ndata:", [("message", ""), ("message", "\n")]),
        ("data:test\n\ndata: test\n\n", [("message", "test")] * 2),
        (
            "event: add\ndata: 73857293\n\nevent: none\n\ndata: 3\n\n",
            [("add", "73857293"), ("message", "3")],
        ),
        ("\ufeffdata: 1\r\rdata: 2\r\n\r\n", [("message", "1"), ("message", "2")]),
    ],
)
def test_events_are_as_the_standard_says(text, expected):
    assert events(text.encode()) == expected


@given(STREAMS, st.lists(st.integers(1, 5)))
def test_portions_do_not_matter(text, sizes):
    data = text.encode()
    whole, cut = EventStream(), EventStream()
    expected = list(whole.feed(data))
    found, at = [], 0
    for size in [*sizes, len(data)]:
        found += cut.feed(data[at : at + size])
        at += size
    assert found == expected
    assert (cut.last_id, cut.retry_s) == (whole.last_id, whole.retry_s)


@given(STREAMS)
def test_ends_of_lines_do_not_matter(text):
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    # Only where no line is empty but for its end: CR and LF of two lines are the end of one.
    assert events(*(bytes([byte]) for byte in text.encode())) == events(plain.encode())


@given(st.lists(st.binary(max_size=40)))
def test_anything_is_survived(parts):
    for _, data in events(*parts):
        assert isinstance(data, str)


def test_the_last_id_and_the_time_to_wait_are_remembered():
    stream = EventStream("6")
    assert stream.last_id == "6"
    assert list(stream.feed(b"id: 7\nretry: 1500\ndata: x\n")) == []
    assert (stream.last_id, stream.retry_s) == ("6", 1.5)
    assert list(stream.feed(b"\n")) == [Event("message", "x")]
    assert stream.last_id == "7"
    assert list(stream.feed("id: 8\0\nid: \x7f\nretry: -1\nretry: ²\n\n".encode())) == []
    assert (stream.last_id, stream.retry_s) == ("7", 1.5)
    assert list(stream.feed(b"id\n\n")) == []
    assert stream.last_id == ""


@pytest.mark.parametrize("ending", [b"\n", b"\r", b"\r\n"])
def test_an_event_that_is_too_long_is_left_out_and_counted(ending):
    stream = EventStream()
    long = b"x" * (MAX_EVENT_BYTES // 3)
    sent = b"data: " + 4 * long + ending + ending  # one line
    sent += 4 * (b"data: " + long + ending) + ending  # several
    sent += b": " + 4 * long + ending + ending  # a comment may be long
    sent += b"data: 1" + ending + ending
    found = []
    for at in range(0, len(sent), 50_000):
        found += stream.feed(sent[at : at + 50_000])
        assert len(stream._line) <= MAX_EVENT_BYTES
    assert found == [Event("message", "1")]
    assert stream.too_long == 2
