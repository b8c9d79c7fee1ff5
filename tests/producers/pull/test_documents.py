"""What is asked for and what comes: addresses, headers, texts, times to wait."""

import math
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamson.errors import UsageError
from streamson.producers.base.sample import Sample
from streamson.producers.pull.address import WEB, parse_address
from streamson.producers.pull.document import MAX_LINES, DocumentReader
from streamson.producers.pull.seen_times import MAX_TIMES, SeenTimes
from streamson.producers.pull.unavailable import (
    MAX_RETRY_AFTER_S,
    UnavailableError,
    failure,
    refusal,
)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://a", ("http://a", "a", "", "")),
        ("HTTPS://A:8080/b/c/?d=e#f", ("https://A:8080/b/c/?d=e", "A:8080", "b/c", "")),
        ("http://me@[::1]:80/x", ("http://[::1]:80/x", "[::1]:80", "x", "me")),
    ],
)
def test_an_address_is_taken_apart(url, expected):
    assert tuple(parse_address(url, WEB)) == expected


def test_what_is_asked_for_is_not_shown():
    assert parse_address("http://a/b?key=s3cret", WEB).shown == "http://a/b"


def test_an_address_without_a_scheme_is_completed():
    with pytest.raises(UsageError, match=r"did you mean http://localhost:9100\?"):
        parse_address("localhost:9100", WEB)
    with pytest.raises(UsageError, match="found a password in it") as raised:
        parse_address("me:s3cret@localhost:9100", WEB)
    assert "s3cret" not in str(raised.value)


@given(st.text() | st.text().map(lambda text: f"http://{text}"))
def test_any_address_is_taken_apart_or_refused(url):
    try:
        address = parse_address(url, WEB)
    except UsageError as error:
        told = str(error)
    else:
        told = address.shown
        assert address.url.startswith(("http://", "https://"))
    assert told.isprintable()


@pytest.mark.parametrize(
    ("text", "samples"),
    [
        ("21.5 °C", [Sample({"value": 21.5}, {})]),
        ("on", [Sample({"value": 1.0}, {})]),
        ("home/hall 21.5", [Sample({"value": 21.5}, {"topic": "home/hall"})]),
        ("a b\n1 2\n3 4", [Sample({"a": 3.0, "b": 4.0}, {})]),
        ("", []),
        ("no numbers here", []),
        ("{", []),
    ],
)
def test_a_text_is_read_as_one_would_expect(text, samples):
    assert list(DocumentReader().read(text)) == samples


def test_of_a_long_text_the_last_lines_are_read_under_their_names():
    text = "t h\n" + "".join(f"{n} {2 * n}\n" for n in range(3 * MAX_LINES))
    last = 3 * MAX_LINES - 1
    assert list(DocumentReader().read(text)) == [Sample({"t": last, "h": 2 * last}, {})]


@given(st.lists(st.text()))
def test_any_text_is_survived(texts):
    reader = DocumentReader()
    for text in texts:
        for sample in reader.read(text):
            assert sample.fields
            assert all(isinstance(value, float) for value in sample.fields.values())
            assert all(sample.labels.values())


def test_a_time_is_new_once():
    seen = SeenTimes()
    assert seen.add("a", 1.0)
    assert not seen.add("a", 1.0)
    for number in range(MAX_TIMES):
        assert seen.add("b", float(number))
    assert seen.add("a", 1.0)  # long forgotten


def retry_after(text: str) -> float:
    return refusal(503, "Busy", {"Retry-After": text}).retry_after_s


def test_a_server_says_when_to_ask_again():
    assert retry_after("7") == 7
    assert retry_after("999999999999") == MAX_RETRY_AFTER_S
    then = datetime.now(UTC) + timedelta(seconds=100)
    assert retry_after(format_datetime(then, usegmt=True)) == pytest.approx(100, abs=2)
    assert retry_after(format_datetime(then - timedelta(days=1), usegmt=True)) == 0
    assert retry_after(format_datetime(then + timedelta(days=1), usegmt=True)) == MAX_RETRY_AFTER_S


@given(st.text())
def test_any_time_to_wait_is_survived(text):
    assert 0 <= retry_after(text) <= MAX_RETRY_AFTER_S
    assert math.isfinite(time.time() + retry_after(text))


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ConnectionRefusedError(111, "x"), "nobody listens there"),
        (TimeoutError(), "no answer in time"),
        (UnicodeError("label empty"), "no host can have that name"),
        (OSError(113, "No route to host"), "No route to host"),
        (ValueError("\x1b[31m"), "\\x1b[31m"),
    ],
)
def test_what_keeps_from_connecting_is_said_in_words(error, reason):
    assert str(failure(error)) == reason


def test_who_says_no_is_asked_at_the_usual_interval_and_who_is_gone_sooner():
    assert refusal(404, "Not Found", {}).wait_s(0.25, 60) == 60
    assert refusal(502, "Bad Gateway", {}).wait_s(0.25, 60) == 0.25
    assert UnavailableError("nobody listens there").wait_s(3, 0.1) == 3
    assert refusal(429, None, {"Retry-After": "90"}).wait_s(0.25, 60) == 90
