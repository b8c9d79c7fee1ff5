"""Attention: how many are in front, how often that changes, and what has no say in it."""

from itertools import pairwise

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamson.score.attention.attention import (
    APART_S,
    BURST,
    LEAST_FRONT_S,
    MAX_ALWAYS,
    REFILL_S,
    Attention,
    group_of,
)
from streamson.score.attention.calibration import AGES, RIGHT_DECADES

RATE = 100
TICK = RATE // 4
CAPACITY = 64
KNOWN = np.full(CAPACITY, 1e6)
"""Series of so many points."""


def trusting(attention):
    """Return it as if what streams claimed had been right so far."""
    attention._calibration.restore(([1e6] * AGES, [1e6 * RIGHT_DECADES] * AGES))
    return attention


def made(streams, foreground=4, **state):
    """Attention to some streams, with slots in their order, and a row of surprises of nothing."""
    attention = trusting(Attention(foreground, sample_rate=RATE, capacity=CAPACITY))
    for slot, name in enumerate(streams):
        attention.add(name, slot, 0)
    return attention, np.zeros(CAPACITY)


def run(attention, surprises, seconds, begin=0):
    """Let time pass; return the changes with their frames."""
    return [
        (frame, change)
        for frame in range(begin, begin + round(seconds * RATE), TICK)
        for change in attention.tick(frame, surprises, KNOWN, 0)
    ]


def names_of(changes, *, forward):
    return [change.stream for _, change in changes if change.forward == forward]


def test_as_many_as_may_be_in_front_all_are_and_stay():
    attention, surprises = made("abcd")
    assert attention.front == tuple("abcd")
    surprises[:] = 9
    assert run(attention, surprises, 100) == []
    assert not attention.is_mixing


def test_one_more_waits_and_who_is_ordinary_goes_back():
    attention, surprises = made("abcde")
    assert attention.front == tuple("abcd")
    changes = run(attention, surprises, 60)
    assert names_of(changes, forward=False) == list("abcd")
    assert attention.front == ()
    assert min(frame for frame, _ in changes) >= LEAST_FRONT_S * RATE


def test_who_is_surprising_comes_within_seconds_and_stays_until_it_is_past():
    attention, surprises = made([f"s{i}" for i in range(20)])
    run(attention, surprises, 60)
    surprises[7] = 9
    ((frame, change),) = run(attention, surprises, 600, begin=60 * RATE)
    assert (change.stream, change.forward, change.streams) == ("s7", True, 1)
    assert frame <= 62 * RATE
    surprises[7] = 0
    ((frame, change),) = run(attention, surprises, 600, begin=660 * RATE)
    assert (change.stream, change.forward) == ("s7", False)
    assert 680 * RATE < frame < 760 * RATE


def test_what_goes_off_together_is_told_as_one_thing():
    attention, surprises = made([f"host{i % 5}/disk{i // 5}" for i in range(50)])
    run(attention, surprises, 60)
    surprises[3:50:5] = 7  # all of host3
    surprises[23] = 8
    ((_, change),) = run(attention, surprises, 300, begin=60 * RATE)
    assert (change.stream, change.group, change.streams) == ("host3/disk4", "host3", 10)


def test_streams_of_one_host_alone_have_all_places():
    attention, surprises = made([f"host/{i}" for i in range(12)])
    run(attention, surprises, 60)
    surprises[:12] = 7
    changes = run(attention, surprises, 60, begin=60 * RATE)
    assert len(names_of(changes, forward=True)) == 4


def test_who_is_more_surprising_by_far_takes_the_place_of_the_least():
    attention, surprises = made("abcdefgh")
    run(attention, surprises, 60)
    surprises[:4] = 6, 5, 7, 6
    run(attention, surprises, 60, begin=60 * RATE)
    assert set(attention.front) == set("abcd")
    surprises[7] = 6  # by less than the margin
    assert run(attention, surprises, 60, begin=120 * RATE) == []
    surprises[7] = 11
    changes = run(attention, surprises, 60, begin=180 * RATE)
    assert [change.stream for _, change in changes] == ["b", "h"]


def test_what_is_always_in_front_takes_no_place_and_is_limited():
    streams = [f"s{i}" for i in range(40)]
    attention, surprises = made(streams)
    run(attention, surprises, 60)
    attention.keep_in_front([*streams[:30], "unknown"])
    run(attention, surprises, 1, begin=60 * RATE)
    assert attention.front == tuple(streams[:MAX_ALWAYS])
    surprises[20] = 9
    run(attention, surprises, 10, begin=61 * RATE)
    assert "s20" in attention.front
    attention.keep_in_front([])
    run(attention, surprises, 60, begin=80 * RATE)
    assert attention.front == ("s20",)


def test_a_silent_stream_comes_and_its_last_value_holds_it_no_longer():
    attention, surprises = made([f"s{i}" for i in range(9)])
    run(attention, surprises, 60)
    surprises[2] = 9
    attention.silence("s2")
    changes = run(attention, surprises, 300, begin=60 * RATE)
    assert [change.forward for _, change in changes] == [True, False]
    attention.wake("s2")
    ((_, change),) = run(attention, surprises, 5, begin=360 * RATE)
    assert change.forward


def test_streams_that_ended_wait_for_no_place_and_count_for_none():
    attention, surprises = made("abcdef")
    run(attention, surprises, 60)
    surprises[0] = 9
    attention.end("a")
    assert run(attention, surprises, 10, begin=60 * RATE) == []
    attention.end("b")
    assert not attention.is_mixing
    assert set(names_of(run(attention, surprises, 1, begin=70 * RATE), forward=True)) == set("cdef")


def test_groups_say_which_share_of_them_is_unusual_and_are_forgotten():
    attention, surprises = made(["a/1", "a/2", "a/3", "a/4", "b/1", "c"])
    surprises[0] = surprises[5] = 9
    run(attention, surprises, 1)
    assert [tuple(group) for group in attention.groups()] == [
        ("a", 4, 0.25),
        ("b", 1, 0),
        ("", 1, 1),
    ]
    attention.remove("b/1")
    attention.add("d/1", 4, 200)
    assert [group.name for group in attention.groups()] == ["a", "", "d"]
    assert attention._groups._size == 3


surprises_of_streams = st.lists(
    st.lists(
        st.sampled_from([0.0, 2.0, 4.5, 6.0, 9.0, 15.0, float("nan"), float("inf")]),
        min_size=12,
        max_size=12,
    ),
    min_size=1,
    max_size=30,
)
twelve = [*(f"s{i}" for i in range(4)), *(f"host{i % 2}/{i}" for i in range(8))]


def played(rows, order=range(12), foreground=3, stop=None):
    """Feed rows, a second each; return all changes and the attention."""
    attention = trusting(Attention(foreground, sample_rate=RATE, capacity=CAPACITY))
    for slot in order:
        attention.add(twelve[slot], slot, 0)
    changes = []
    for second, row in enumerate(rows):
        if second == stop:
            break
        surprises = np.zeros(CAPACITY)
        surprises[:12] = row
        for frame in range(second * RATE, (second + 1) * RATE, TICK):
            points = np.full(CAPACITY, 100.0 * (second + 1))
            changes += [(frame, *change) for change in attention.tick(frame, surprises, points, 12)]
            assert len(attention.front) <= foreground
    return changes, attention


@given(surprises_of_streams)
def test_never_more_are_in_front_than_may_be_and_the_same_points_give_the_same(rows):
    assert played(rows)[0] == played(rows)[0]


@given(surprises_of_streams, st.permutations(range(12)))
def test_the_order_of_appearance_has_no_say(rows, order):
    def after_the_first(changes):
        return sorted(c for c in changes if c[0] >= 40 * RATE)

    calm = [[0.0] * 12] * 40  # who was there first is in front until it is seen to be ordinary
    assert after_the_first(played(calm + rows)[0]) == after_the_first(played(calm + rows, order)[0])


@settings(max_examples=15)
@given(surprises_of_streams)
def test_changes_are_few_whatever_the_surprise_does(rows):
    rows = (rows * 600)[:600]
    changes, _ = played(rows)
    came = [frame for frame, _, forward, *_ in changes if forward]
    assert len(came) <= 3 + BURST + 600 / REFILL_S
    assert all(b - a >= APART_S * RATE for a, b in pairwise(came))
    since = {}
    for frame, stream, forward, *_ in changes:
        if forward:
            since[stream] = frame
        elif stream in since:
            assert frame - since[stream] >= LEAST_FRONT_S * RATE


@given(surprises_of_streams, st.data())
def test_a_restored_one_goes_on_identically(rows, data):
    stop = data.draw(st.integers(0, len(rows)))
    whole, _ = played(rows)
    before, attention = played(rows, stop=stop)
    frame = max(stop * RATE - TICK, 0)
    state = msgspec.msgpack.decode(msgspec.msgpack.encode(attention.state(frame)))
    after = Attention(3, sample_rate=RATE, capacity=CAPACITY)
    after.restore(state, frame)
    for slot in reversed(range(12)):
        after.add(twelve[slot], slot, frame)
    again = msgspec.msgpack.decode(msgspec.msgpack.encode(after.state(frame)))
    assert (again["claims"], again["ages"]) == (state["claims"], state["ages"])
    changes = before
    for second, row in enumerate(rows[stop:], stop):
        surprises = np.zeros(CAPACITY)
        surprises[:12] = row
        for now in range(second * RATE, (second + 1) * RATE, TICK):
            points = np.full(CAPACITY, 100.0 * (second + 1))
            changes += [(now, *change) for change in after.tick(now, surprises, points, 12)]
    assert changes == whole


def test_groups_of_names():
    assert [group_of(name) for name in ("a", "a/b", "a/b/c", "/b")] == ["", "a", "a", ""]


@pytest.mark.parametrize(
    "damage",
    [
        {"claims": {"a": (0.0, 0.0, float("nan"), 0.0)}},
        {"claims": {"a": (0.0, -1.0, 0.0, 0.0)}},
        {"ages": ([1.0], [1.0])},
        {"ages": ([0.0] * AGES, [1.0] * AGES)},
        {"raised": 1e3},
        {"stuck": [1]},
    ],
)
def test_a_state_that_can_not_be_is_refused(damage):
    attention, surprises = made("abcdefg")
    run(attention, surprises, 10)
    state = attention.state(10 * RATE) | damage
    with pytest.raises(ValueError, match=r"."):
        Attention(4, sample_rate=RATE, capacity=CAPACITY).restore(state, 0)


def test_a_state_of_before_claims_were_followed_is_restored():
    attention, surprises = made("abcdefg")
    run(attention, surprises, 10)
    state = attention.state(10 * RATE)
    for key in ("claims", "ages", "raised", "stuck"):
        del state[key]
    Attention(4, sample_rate=RATE, capacity=CAPACITY).restore(state, 0)
