"""A relay's limits: an eager source takes nobody's place."""

import threading

from streamson import Publisher
from streamson.model.source_limits import RELAY_LIMITS, SourceLimits
from streamson.wire.points.receiver import Receiver
from streamson.wire.points.source_limits import BURST_S
from streamson.wire.relay.relay import Relay
from tests.conftest import until

ANY_PORT = "tcp://127.0.0.1:*"


def taken(relay, far, condition, what):
    """Let a relay and who is behind it work until a condition holds; return what came."""
    found = []
    stopping = threading.Event()

    def work():
        while not stopping.is_set():
            relay.turn()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        until(lambda: found.extend(far.receive(0.05)) or condition(found), what)
    finally:
        stopping.set()
        thread.join()
    return found


def test_what_a_source_may_send_through_a_relay_is_bounded_and_the_rest_lost_once(caplog):
    limits = SourceLimits(messages_per_second=10)
    with (
        Receiver(ANY_PORT) as far,
        Relay([far.endpoint], ANY_PORT, limits=limits) as relay,
        Publisher(relay.endpoint, source="eager", wait_s=0) as eager,
        Publisher(relay.endpoint, source="calm", wait_s=0) as calm,
    ):
        publishers = (eager, calm)
        taken(relay, far, lambda _: all(one.listening for one in publishers), "connections")
        taken(relay, far, lambda _: relay.destinations[0].is_there, "the listener")
        for number in range(200):
            eager.send("flood", x=float(number))
        calm.send("calm", x=1.0)
        found = taken(
            relay,
            far,
            lambda found: (
                "calm" in {message.stream for message in found}
                and relay.statistics.points_received + relay.statistics.points_lost == 201
            ),
            "both",
        )
        stats = relay.statistics
    assert stats.over_messages_per_second == stats.points_lost >= 100
    assert sum(message.stream == "flood" for message in found) <= 200 - stats.points_lost
    assert "eager sends more than the 10 messages a second" in caplog.text


def test_a_producer_that_begins_with_ten_thousand_streams_is_let_through():
    assert RELAY_LIMITS.messages_per_second * BURST_S >= 10_000 * 1.5
    assert RELAY_LIMITS.streams_per_source >= 10_000
