"""Data points over ZeroMQ: the point, its encoding and limits, the publisher and the receiver."""
