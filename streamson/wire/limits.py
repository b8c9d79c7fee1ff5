"""The limits of the wire: what is larger is refused and counted, so nothing grows without bound.

Those of names, fields and batches are `model.limits`.
"""

from typing import Final

DEFAULT_ENDPOINT: Final = "tcp://127.0.0.1:5570"

MAX_MESSAGE_BYTES: Final = 1 << 20
"""Bytes of one message; larger ones are refused and counted."""

MAX_BATCH_VALUES: Final = MAX_MESSAGE_BYTES // 8
"""Values of all columns of a batch: as many as fit as raw float64. As lists of
one-byte numbers a message would hold eight times as many, and take 40 ms to decode."""

MAX_FRAME_BYTES: Final = 2 << 20
"""Bytes of one frame at the socket, which protects memory: the peer is cut off without a count."""

MIN_TIME_S: Final = 0.0
MAX_TIME_S: Final = 16_725_225_600.0
"""Times from 1970 to the end of 2499 are what a clock can show, and recorded tables lie within
them; any other is replaced by the listener's own."""

MAX_SOURCES: Final = 16_384
"""Sources that are followed; the one that was silent for longest is forgotten."""

MAX_NEW_SOURCES_A_SECOND: Final = 200
"""After `MAX_SOURCES` at once. More are left out, for who calls himself by another name with each
message must not get past what a source may bring."""

MAX_COUNTED_STREAMS: Final = 40_000
"""Streams whose losses and refused messages are counted; the first of them is forgotten."""

MAX_NUMBERED_STREAMS: Final = 100_000
"""Streams whose points a publisher numbers; the one that it met first begins anew. Some 20 MB."""

MAX_POINTS_A_SECOND: Final = 1_000_000
"""What one source can have sent since its last message, and in its first second: numbers that jump
further are a source that began anew, not a loss."""

RECEIVE_HIGH_WATER_MARK: Final = 8
"""Messages of one peer that wait in the listener before it stops reading from that peer, whose own
queue then grows. As fast as 100,000, and 8 MB at most where that was 100 GB."""

RECEIVE_BUFFER_BYTES: Final = 128 << 10
"""The kernel's buffer of each connection: enough for 20,000 points a second from the other side of
the earth, and a flood comes at half the speed."""

HANDSHAKE_MS: Final = 3_000
"""A peer that does not say in this time that it speaks ZeroMQ is cut off."""

MAX_GOODBYES: Final = 4_096
"""Streams that a publisher says goodbye for when it ends, and that a receiver notes in a turn."""

SEND_HIGH_WATER_MARK: Final = 100_000
"""Messages that wait in a publisher before it drops and counts."""

DEFAULT_FEED: Final = "tcp://127.0.0.1:5571"
"""Where a listener's feed is found; its commands go to the port after it."""

FEED_HIGH_WATER_MARK: Final = 200
"""Messages that wait for one reader of a feed before it loses some: 4 s of sound."""

MAX_FEED_READERS: Final = 64
"""Connections to a feed, and to what takes its commands, at a time. A machine with more ears has
one reader that hands on what it gets, such as the web page."""

MAX_NEW_READERS: Final = 32
MAX_NEW_READERS_A_SECOND: Final = 20
"""Connections of readers that may come after a pause, and on and on. More wait until there is room:
the beginning and end of one that subscribes to much takes ZeroMQ some milliseconds."""

MAX_SUBSCRIPTION_BYTES: Final = 64
MAX_SUBSCRIPTIONS_BYTES: Final = 32 << 10
"""Of all that readers sent to subscribe since they connected: ZeroMQ makes 56 bytes of each. Of
more, who sent most is cut off, and connects again. A page that is opened takes 100."""

MAX_COMMAND_BYTES: Final = 4_096
MAX_FEED_MESSAGE_BYTES: Final = 4 << 20
"""Of what a reader takes in; more cuts it off for good. What a listener tells stays below."""

MAX_COMMANDS_A_SECOND: Final = 50
"""Of one connection; more are refused."""

MAX_ALL_COMMANDS_A_SECOND: Final = 400
"""Of all that are carried out, but for those of senders who send few."""

MAX_LOCAL_WAITING_BYTES: Final = 64 << 10
"""Bytes that came from readers and were not read yet, of all their connections: subscriptions and
commands are small. As messages of a byte they take 2 MB, as subscriptions 4."""

LOCAL_RECEIVE_BUFFER_BYTES: Final = 1 << 10
"""The kernel's buffer of each such connection, which makes the least of it that it has, 2 kB: a
flood comes at 20 MB a second instead of 180, and a command of 4 kB takes 0.1 ms longer."""

LOCAL_SEND_BUFFER_BYTES: Final = 256 << 10
"""And for what goes to it: most of a second of sound. What waits beyond is counted in messages."""

LAST_WORDS_MS: Final = 200
"""What was told last has so long to reach its readers after the end."""
