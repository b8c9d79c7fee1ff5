"""Everything that goes over ZeroMQ: points, feed and commands, and the sockets for them."""
