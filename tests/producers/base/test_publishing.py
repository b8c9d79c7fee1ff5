"""What is said while readings are published."""

import io

from streamson.producers.base import push_queue
from streamson.producers.base.publishing import publish
from streamson.producers.base.push_queue import PushQueue
from streamson.producers.base.reading import Production, Reading
from streamson.producers.base.sink import PointPrinter


def test_one_point_that_is_dropped_is_one_point(monkeypatch, caplog):
    monkeypatch.setattr(push_queue, "MAX_READINGS", 2)
    queue = PushQueue()
    for number in range(3):
        queue.push(Reading("s", {"x": number}))
    queue.end()
    publish(Production(queue, keep=False), PointPrinter(io.StringIO()))
    assert caplog.messages == ["1 point dropped so far: they come faster than they go"]
