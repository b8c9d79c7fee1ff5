"""What begins twice, and what is used after its end: one sentence, and nothing breaks."""

import pytest

from streamson import Listener, Publisher
from streamson.errors import UsageError
from tests.conftest import until

ANY_PORT = "tcp://127.0.0.1:*"


def test_a_listener_that_is_started_again_goes_on():
    listener = Listener(ANY_PORT, output="none").start()
    with listener as same, Publisher(listener.endpoint) as publisher:
        assert same is listener
        publisher.send("s", x=1.0)
        until(lambda: listener.stats().points_received == 1, "the point")
    with pytest.raises(UsageError, match="the listener has stopped; one that is made anew can"):
        listener.start()
    assert listener.stats().points_received == 1


def test_a_publisher_that_is_closed_says_so():
    with Publisher(wait_s=0) as publisher:
        pass
    with pytest.raises(UsageError, match="the publisher is closed"):
        publisher.send("s", x=1.0)
    with pytest.raises(UsageError, match="the publisher is closed"):
        publisher.send_batch("s", {"x": [1.0]})
    with pytest.raises(UsageError, match="the publisher is closed"):
        publisher.wait_for_listener()
    assert not publisher.listening
    publisher.close()
