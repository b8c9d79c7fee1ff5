"""The limits of the page's server: what goes beyond is refused, dropped and counted."""

from typing import Final

MAX_CONNECTIONS: Final = 256
"""Connections at a time: some forty browsers with all that they open."""

MAX_BROWSERS: Final = 32
"""Pages that are open at a time, and as many that play sound."""

KEPT_FOR_HOSTS: Final = 8
"""Of those, pages that guests can't take: who steers gets in."""

MAX_COMMANDS: Final = 32
"""Commands of all browsers that wait for their answers."""

MAX_COMMANDS_OF_GUESTS: Final = 4
"""Of those, what guests ask: it holds up nobody who steers."""

MAX_PLAYERS: Final = 32
"""Players of ``/listen.mp3`` and ``/listen.ogg`` at a time."""

REQUEST_S: Final = 10.0
"""A connection that has not asked for anything in this time is cut off."""

ANSWER_S: Final = 20.0
"""An answer that was not taken in this time is cut off; of a recording in its size's time."""

LEAST_BYTES_A_SECOND: Final = 16 << 10
"""Who takes a recording more slowly is cut off."""

LEAVE_S: Final = 2.0
"""How long a connection may take to close, after all was said."""

SEND_BUFFER_BYTES: Final = 64 << 10
"""Of the kernel, for each connection."""

MAX_VIEW_BYTES: Final = 4 << 20
MAX_SOUND_BYTES: Final = 512 << 10
MAX_PLAYER_BYTES: Final = 128 << 10
"""What waits for a page, for its sound and for a player: 3 s, and 5 s. Who is slower is dropped."""

MAX_REQUEST_BYTES: Final = 4_096
"""Of a message of a browser."""

MAX_REQUESTS_A_SECOND: Final = 50
"""Of one browser; a volume that is dragged is 20."""

MAX_ROWS: Final = 1_000
"""Streams that a page shows: of more the first."""

MAX_METRIC_STREAMS: Final = 200
"""Streams that ``/metrics`` tells of."""

MAX_RECORDINGS: Final = 100
"""Recordings that can be downloaded: of more the last."""
