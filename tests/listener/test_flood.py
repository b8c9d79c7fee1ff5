"""Nobody waits for the flood of another: calm sources beside one that sends all it can."""

from contextlib import ExitStack

import numpy as np
import pytest

from scripts.bench.calm import CALM, Calm, flooding
from streamson import Listener, Publisher
from streamson.session.load import parse_session
from tests.conftest import until

SESSION = parse_session(
    b"[[part]]\ntiming = 'arrival'\n[attention]\nforeground = 'all'\n", "on_arrival.toml"
)
SECONDS = 3.0

AT_LEAST_MS = {0.5: 5.0, 0.9: 10.0}
"""A usual latency that is shorter counts as so much: the null device asks for 6 ms at a time."""


@pytest.mark.parametrize("batch", [1, 1_000])
def test_calm_sources_are_heard_on_time_beside_a_flood(batch):
    calm = Calm()
    with ExitStack() as stack:
        listener = stack.enter_context(
            Listener("tcp://127.0.0.1:*", session=SESSION, output="none", on_played=calm.on_played)
        )
        publishers = [
            stack.enter_context(Publisher(listener.endpoint, source=name)) for name in CALM
        ]
        calm.latencies_ms(publishers, 1.0)  # all streams are known
        usual_ms = calm.latencies_ms(publishers, SECONDS)
        with flooding(listener.endpoint, batch):
            until(lambda: listener.stats().points_received > 50_000, "the flood")
            before = listener.stats()
            flooded_ms = calm.latencies_ms(publishers, SECONDS)
            after = listener.stats()
    for share, at_least in AT_LEAST_MS.items():
        usual = max(float(np.quantile(usual_ms, share)), at_least)
        flooded = float(np.quantile(flooded_ms, share))
        print(f"batch {batch}, {share}: usual {usual:.1f} ms, beside the flood {flooded:.1f} ms")
        assert flooded < 2 * usual
    flood_rate = (after.points_received - before.points_received) / SECONDS
    print(f"{flood_rate:,.0f} points a second, {after.notes_played} notes")
