"""Of ten thousand points a second: what is unusual in one stream is told, and brings it forward."""

import numpy as np
import pytest

from streamson.model.event.alerts import AlertCleared, AlertRaised
from streamson.model.event.streams import StreamForward
from streamson.model.point import Batch
from streamson.score.score import Score
from streamson.session.load import parse_session

RATE = 10_000
BATCH = 1_000
SAMPLE_RATE = 1_000
BEGIN, STUCK, MOVES, END = 0, 40, 50, 52
"""Seconds."""


@pytest.mark.parametrize("alert", ['[[alert]]\noutlier = "1 an hour"', ""])
@pytest.mark.parametrize("timed", [True, False])
def test_a_fast_stream_that_is_stuck_is_told_and_comes_forward(alert, timed):
    """Also where a batch has one time, as that of a producer that says none."""
    random = np.random.default_rng(1)
    session = parse_session(f"{alert}\n[[part]]\ntiming = 'grid'\n".encode(), "fast.toml")
    events = []
    score = Score(session, sample_rate=SAMPLE_RATE, on_event=events.append)
    for begin in np.arange(BEGIN, END, BATCH / RATE):
        for i in range(6):
            values = random.normal(size=BATCH)
            if i == 5 and STUCK <= begin < MOVES:
                values[:] = 0.5
            times = begin + np.arange(BATCH) / RATE if timed else np.full(BATCH, begin)
            batch = Batch(f"host{i}/load", {"x": values}, 1.7e9 + times)
            score.process(batch, round((begin + BATCH / RATE) * SAMPLE_RATE))
    after = [event for event in events if event.frame >= STUCK * SAMPLE_RATE]
    forward = [one for one in after if isinstance(one, StreamForward)]
    assert forward[0].stream == "host5/load"
    assert forward[0].frame < (STUCK + 2) * SAMPLE_RATE
    raised = [one for one in after if isinstance(one, AlertRaised)]
    if not alert:
        assert raised == []
        return
    ours = next(one for one in raised if one.stream == "host5/load")
    assert ours.frame < (STUCK + 1) * SAMPLE_RATE
    assert (ours.kind, ours.sign, ours.value) == ("rate", -1, 0.5)
    assert -5 < ours.low < -2
    assert 2 < ours.high < 5
    assert any(isinstance(one, AlertCleared) and one.frame >= MOVES * SAMPLE_RATE for one in after)
