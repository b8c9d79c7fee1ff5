"""The limits of the HTTP server: what goes beyond is refused and counted."""

from typing import Final

MAX_CONNECTIONS: Final = 256
"""Connections at a time; a newcomer takes the place of the one that has been silent longest."""

BACKLOG: Final = 1_024
"""While so many wait to be let in, the kernel lets who comes try again after 1 s: so a crowd that
says nothing is to have room here."""

REQUEST_S: Final = 10.0
"""In this time a new connection has to have asked for something."""

KEEPALIVE_S: Final = 75.0
"""In this time another request has to have come: many senders send once a minute."""

PIECE_S: Final = 120.0
"""In this time more of a body has to come: who sends lines as they happen keeps one request."""

ANSWER_S: Final = 10.0
"""In this time an answer has to be taken."""

LINGER_S: Final = 2.0
"""For so long the rest of a body is read and forgotten, so that the answer before it arrives."""

HIGH_FILL: Final = 0.5
"""How full the queue of readings may be before senders have to wait; it drops when it is full."""

FULL_S: Final = 5.0
"""A sender waits so long for room before it is told to come back later."""

POLL_S: Final = 0.005
RETRY_AFTER_S: Final = 2

MAX_HELD_BYTES: Final = 64 << 20
"""Of all bodies that can be read only when they are complete."""

MAX_STREAMS: Final = 10_000
"""With points in the last ten minutes; those that are new are left out."""

SLICE: Final = 500
"""Points of one body that are taken in before others have their turn."""

SHUTDOWN_S: Final = 0.1
"""At the end, in this time a request that is going on has to be over."""
