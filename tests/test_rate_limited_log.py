"""The log can't be flooded, what it left out is told, and nothing in it steers a terminal."""

import logging

from streamson._printable import PrintableFormatter, printable
from streamson._rate_limited_log import RateLimitedLog as Limited


def test_a_line_of_a_kind_goes_out_and_the_others_are_counted(caplog):
    limited = Limited(logging.getLogger("x"))
    for i in range(1000):
        limited.warning("lost", "%s: %d lost", "a", i)
    limited.warning("refused", "refused")
    assert caplog.messages == ["a: 0 lost", "refused"]
    limited.flush()
    assert caplog.messages[2:] == ["a: 999 lost (998 more like it left out)"]
    limited.flush()
    assert len(caplog.messages) == 3


def test_the_next_line_tells_what_was_left_out(caplog):
    limited = Limited(logging.getLogger("x"), interval_s=0)
    limited.warning("lost", "first")
    limited._due["lost"] = float("inf")
    limited.warning("lost", "second")
    limited._due["lost"] = 0
    limited.warning("lost", "third")
    assert caplog.messages == ["first", "third (1 more like it left out)"]


def test_what_is_not_printable_is_escaped():
    assert printable("plain: ü €") == "plain: ü €"
    assert printable("a\x1b[31m\nb\u202e\ud800") == r"a\x1b[31m\nb\u202e\ud800"


def test_a_record_is_one_printable_line_and_its_traceback_printable_lines():
    formatter = PrintableFormatter("streamson: %(message)s")
    record = logging.LogRecord("x", logging.WARNING, "", 1, "%s", ("a\nstreamson: b\x1b",), None)
    assert formatter.format(record) == r"streamson: a\nstreamson: b\x1b"
    record.exc_info = (ValueError, ValueError("c\x1b"), None)
    assert all(map(str.isprintable, formatter.format(record).splitlines()))
