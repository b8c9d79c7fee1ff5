"""What is usual between the points of a stream, against a slow way of saying it."""

from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from streamson.score.alerts.arrivals import BLOCK, BLOCKS, MIN_INTERVALS, UNKNOWN, Arrivals

TURN = 40


def longest_of_turns(frames):
    """Return the longest interval of each turn of a stream that never ended."""
    longest, turn_end = [], None
    for before, frame in pairwise(frames):
        if turn_end is not None and frame < turn_end:
            longest[-1] = max(longest[-1], frame - before)
        else:
            longest.append(frame - before)
            turn_end = frame + TURN
    return longest


def usual_of(frames):
    """Return the second longest of the last blocks, of which two each are known."""
    longest = longest_of_turns(frames)
    if len(longest) < MIN_INTERVALS:
        return UNKNOWN
    whole = (len(longest) - 1) // BLOCK
    blocks = [longest[i * BLOCK : (i + 1) * BLOCK] for i in range(whole)][-BLOCKS:]
    known = [interval for block in blocks for interval in sorted(block)[-2:]]
    return sorted([*known, *longest[whole * BLOCK :]])[-2]


@given(st.integers(0, 2**32 - 1), st.integers(0, 2_500), st.integers(1, 400))
@settings(max_examples=60, deadline=None)
def test_it_is_the_second_longest_of_late(seed, points, looked_after):
    rng = np.random.default_rng(seed)
    of_each = [
        np.cumsum(rng.choice([1, 7, 45, 60, rng.integers(1, 500)], points)).tolist()
        for _ in range(3)
    ]
    arrivals = Arrivals(TURN)
    for slot in range(3):
        arrivals.begin(slot)
    for i in range(points):
        for slot in range(3):
            arrivals.add(slot, of_each[slot][i])
        if i % looked_after == 0:  # when it is asked changes nothing
            arrivals.usual_frames(np.arange(3))
    assert arrivals.usual_frames(np.arange(3)).tolist() == [usual_of(one) for one in of_each]
    assert arrivals.last_frames()[:3].tolist() == [one[-1] if one else 0 for one in of_each]


def test_the_time_until_one_that_ended_is_back_tells_nothing():
    arrivals = Arrivals(TURN)
    for slot in range(40):  # beyond what there is room for at first
        arrivals.begin(slot)
    for frame in range(0, 50 * TURN, TURN):
        arrivals.add(39, frame)
    arrivals.pause(39)
    for frame in range(10**6, 10**6 + 50 * TURN, TURN):
        arrivals.add(39, frame)
    assert arrivals.usual_frames(np.array([39, 0])).tolist() == [TURN, UNKNOWN]
    arrivals.begin(39)
    assert arrivals.usual_frames(np.array([39])).tolist() == [UNKNOWN]
