"""The limits of the wire: what is larger is refused and counted, so nothing grows without bound."""

from typing import Final

DEFAULT_ENDPOINT: Final = "tcp://127.0.0.1:5570"

MAX_STREAM_CHARS: Final = 200
"""Characters in a stream's name; all printable, no NUL."""

MAX_FIELDS: Final = 64
"""Fields of a point, or columns of a batch."""

MAX_FIELD_CHARS: Final = 64
"""Characters in a field's name."""

MAX_SOURCE_CHARS: Final = 128
"""Characters in a source's name."""

MAX_BATCH_POINTS: Final = 65_536
"""Points in one batch."""

MAX_MESSAGE_BYTES: Final = 1 << 20
"""Bytes of one message; larger ones are refused and counted."""

MAX_FRAME_BYTES: Final = 16 << 20
"""Bytes of one frame at the socket, which protects memory: the peer is cut off without a count."""

MAX_TRACKED_SOURCES: Final = 4_096
"""Pairs of stream and source whose sequence is followed; the least recent one is forgotten."""

RECEIVE_HIGH_WATER_MARK: Final = 100_000
"""Messages that wait in the listener before ZeroMQ drops; what is dropped shows as lost."""

SEND_HIGH_WATER_MARK: Final = 100_000
"""Messages that wait in a publisher before it drops and counts."""
