"""What a receiver hands on: the messages that it let in."""

from streamson.model.point import DataPoint
from streamson.wire.points.codec import decode
from streamson.wire.points.publisher import Publisher
from streamson.wire.points.receiver import Receiver
from tests.conftest import until

ANY_PORT = "tcp://127.0.0.1:*"


def test_each_message_comes_with_its_frame() -> None:
    found = []
    with Receiver(ANY_PORT) as receiver, Publisher(receiver.endpoint, source="a") as publisher:
        publisher.send("x", value=1, time=5.0)
        publisher.send_batch("y", {"value": [1.0, 2.0]}, times=[1.0, 2.0])
        until(lambda: found.extend(receiver.receive_frames(0.05)) or len(found) == 2, "both")
    (point, frame), (batch, batch_frame) = found
    assert point == DataPoint("x", {"value": 1.0}, 5.0, "a", 0) == decode(frame)
    assert batch.is_batch
    assert batch.content() == {"times": [1.0, 2.0], "columns": {"value": [1.0, 2.0]}}
    assert batch_frame.startswith(b"y\0")
