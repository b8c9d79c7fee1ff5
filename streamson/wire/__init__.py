"""Data points over ZeroMQ: the point, its encoding and limits, the publisher and the receiver."""

from streamson.wire.limits import DEFAULT_ENDPOINT
from streamson.wire.point import Batch, DataPoint
from streamson.wire.publisher import Publisher
from streamson.wire.receiver import Receiver

__all__ = ["DEFAULT_ENDPOINT", "Batch", "DataPoint", "Publisher", "Receiver"]
