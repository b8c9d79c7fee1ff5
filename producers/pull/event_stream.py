"""Server-sent events, as the standard says (WHATWG HTML, 9.2.6), from bytes in any portions.

Written here for what no package does: an event's size is limited, what is longer is left out, and
lines end with CR alone as well. aiohttp-sse-client2 is of 2023, aiosseclient splits at LF only,
httpx-sse brings another client for HTTP.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

MAX_EVENT_BYTES: Final = 1024 * 1024
MAX_ID_CHARS: Final = 1_000
"""Of an event's id, which is sent back in a header."""

MAX_TYPE_CHARS: Final = 200

_BOM: Final = b"\xef\xbb\xbf"


class Event(NamedTuple):
    """An event.

    Attributes
    ----------
    type
        Its name; "message" where it has none.
    data
        Its lines.
    """

    type: str
    data: str


class EventStream:
    r"""Takes the bytes of a connection apart.

    Attributes
    ----------
    last_id
        Of the last event; what to ask for when connecting again.
    retry_s
        How long to wait before that, as the server said; None where it did not.
    too_long
        Events left out because they were longer than `MAX_EVENT_BYTES`.

    Examples
    --------
    >>> list(EventStream().feed(b"event: load\ndata: 1.5\n\n"))
    [Event(type='load', data='1.5')]
    """

    def __init__(self, last_id: str = "") -> None:
        self.last_id = last_id
        self.retry_s: float | None = None
        self.too_long = 0
        self._id = last_id
        self._type = ""
        self._data: list[str] = []
        self._bytes = 0
        self._is_too_long = False
        self._line = bytearray()
        self._is_first = True
        self._after_cr = False

    def feed(self, received: bytes) -> Iterator[Event]:
        """Yield the events that are complete with these bytes."""
        if not received:
            return
        if self._after_cr and received.startswith(b"\n"):
            received = received[1:]  # of a CR LF that was cut in two
        self._after_cr = received.endswith(b"\r")
        *ended, rest = received.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        for part in ended:
            self._append(part)
            event = self._end_line()
            if event is not None:
                yield event
        self._append(rest)

    def _append(self, part: bytes) -> None:
        place = MAX_EVENT_BYTES - len(self._line)
        self._line += part[:place]
        if len(part) > place:
            self._is_too_long = not self._line.startswith(b":")

    def _end_line(self) -> Event | None:
        line = bytes(self._line)
        self._line.clear()
        if self._is_first:
            line = line.removeprefix(_BOM)
            self._is_first = False
        if not line:
            return self._dispatch()
        if not line.startswith(b":"):
            field, _, value = line.decode(errors="replace").partition(":")
            self._set(field, value.removeprefix(" "), len(line))
        return None

    def _set(self, field: str, value: str, size: int) -> None:
        if field == "data":
            self._bytes += size
            self._is_too_long = self._is_too_long or self._bytes > MAX_EVENT_BYTES
            if not self._is_too_long:
                self._data.append(value)
        elif field == "event":
            self._type = value[:MAX_TYPE_CHARS]
        elif field == "id" and len(value) <= MAX_ID_CHARS and (not value or value.isprintable()):
            self._id = value  # NUL, which the standard refuses, is not printable
        elif field == "retry" and value.isascii() and value.isdecimal():
            self.retry_s = float(value[:9]) / 1_000

    def _dispatch(self) -> Event | None:
        event = Event(self._type or "message", "\n".join(self._data))
        self.last_id = self._id
        is_whole, has_data = not self._is_too_long, bool(self._data)
        self.too_long += self._is_too_long
        self._type, self._bytes, self._is_too_long = "", 0, False
        self._data.clear()
        return event if is_whole and has_data else None
