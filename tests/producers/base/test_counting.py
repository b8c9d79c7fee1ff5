"""Rates of counters, waits between attempts, and what is left out."""

import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamson.producers.base import backoff as module
from streamson.producers.base import counter_rates
from streamson.producers.base.backoff import FIRST_S, LONGEST_S, Backoff
from streamson.producers.base.counter_rates import CounterRates
from streamson.producers.base.unusable import MAX_EXAMPLE_CHARS, Unusable


@given(st.lists(st.tuples(st.floats(0, 1e9), st.floats(0.01, 100)), min_size=1, max_size=30))
def test_rates_give_back_what_a_counter_counted(steps):
    rates, total, time = CounterRates(), 0.0, 0.0
    assert rates.update("c", total, time) is None
    for added, seconds in steps:
        total, time = total + added, time + seconds
        # The counter's own rounding is what is lost.
        assert rates.update("c", total, time) == pytest.approx(added / seconds, abs=1e-6 * total)


def test_a_counter_that_begins_anew_is_no_fall():
    rates = CounterRates()
    assert [rates.update("c", x, t) for t, x in enumerate((1000, 1010, 3, 5))] == [None, 10, 3, 2]


def test_the_same_time_twice_has_no_rate_and_a_clock_that_was_set_back_begins_anew():
    rates = CounterRates()
    told = ((1, 1), (1, 9), (0, 5), (0, 9), (2, 15))
    assert [rates.update("c", x, t) for t, x in told] == [None, None, None, None, 5]


def test_no_more_than_so_many_counters_are_remembered(monkeypatch):
    monkeypatch.setattr(counter_rates, "MAX_COUNTERS", 2)
    rates = CounterRates()
    for name in "abc":
        rates.update(name, 0, 0.0)
    assert rates.update("a", 5, 1.0) is None  # which took the place of b
    assert rates.update("c", 5, 1.0) == 5


def test_waits_grow_up_to_a_limit_and_are_said_once(caplog, monkeypatch):
    caplog.set_level(logging.INFO)
    backoff = Backoff("mqtt://here")
    waits = [backoff.failed(f"refused\x1b[31m {attempt}") for attempt in range(12)]
    assert FIRST_S / 2 <= waits[0] <= FIRST_S
    assert all(LONGEST_S / 2 <= wait <= LONGEST_S for wait in waits[5:])
    assert len(set(waits[5:])) > 1
    assert backoff.is_waiting
    monkeypatch.setattr(module, "STABLE_S", 0.0)  # what was there a moment was there
    backoff.connected()
    assert not backoff.is_waiting
    assert backoff.failed("again") <= FIRST_S
    told = [record.getMessage() for record in caplog.records]
    assert told[0] == "mqtt://here: refused\\x1b[31m 0; trying until it is there"
    assert told[1].startswith("mqtt://here: there again after ")
    assert len(told) == 3


def test_a_server_that_hangs_up_at_once_is_left_alone_more_and_more_and_soon_not_said(caplog):
    caplog.set_level(logging.INFO)
    backoff = Backoff("mqtt://here")
    waits = []
    for _ in range(12):
        backoff.connected()
        waits.append(backoff.failed("not authorised"))
    assert min(waits[5:]) >= LONGEST_S / 2
    told = [record.getMessage() for record in caplog.records]
    assert len(told) == 2 * module.MAX_SAID
    assert set(told[::2]) == {"mqtt://here: not authorised; trying until it is there"}
    assert all(back.startswith("mqtt://here: there again after ") for back in told[1::2])


def test_what_is_left_out_is_shown_once_and_counted(caplog):
    caplog.set_level(logging.INFO)
    unusable = Unusable("line")
    for _ in range(100):
        unusable.add("without numbers", b"\x1b]0;evil\x07" + b"x" * 500)
    unusable.add("too long", number=2)
    unusable.tell()
    told = [record.getMessage() for record in caplog.records]
    assert told[0].startswith("a line without numbers left out: \\x1b]0;evil")
    assert len(told[0]) < 3 * MAX_EXAMPLE_CHARS
    assert told[1:] == [
        "a line too long left out",
        "100 lines without numbers left out",
        "2 lines too long left out",
    ]
    assert unusable.count == 102
