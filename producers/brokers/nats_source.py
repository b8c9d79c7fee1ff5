"""What is heard at a NATS server: subjects, as they are published, or something else."""

from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, Final, Protocol

from nats.aio.client import Client
from nats.aio.msg import Msg

MAX_PENDING: Final = 10_000
MAX_PENDING_BYTES: Final = 64 << 20
"""Messages of a subscription that wait to be read."""

_OWN: Final = ("_", "$")
"""What subjects begin with that NATS itself uses: answers, its interface."""

Take = Callable[[Msg, float | None], None]
"""Takes a message, and when it was sent, in seconds since 1970, where that is known."""


Part = Callable[[], Coroutine[Any, Any, None]]
"""What runs for as long as there is a connection."""

Room = Callable[[], Awaitable[None]]
"""Waits until there is room for more."""


class Source(Protocol):
    """Where messages come from, once there is a connection."""

    async def subscribe(self, client: Client, take: Take, room: Room) -> Sequence[Part]:
        """Begin to hear; return what is to run from then on."""

    def tell(self) -> None:
        """Log what was lost; for the end."""


class CoreSource:
    """Subjects as they are published: what is said while nobody is connected is gone.

    Parameters
    ----------
    subjects
        With wildcards; without one, all but NATS's own.
    """

    def __init__(self, subjects: Sequence[str]) -> None:
        self._subjects = subjects

    async def subscribe(self, client: Client, take: Take, room: Room) -> Sequence[Part]:  # noqa: ARG002
        """Begin to hear; what comes faster than it goes is dropped."""

        async def hear(message: Msg) -> None:
            if self._subjects or not message.subject.startswith(_OWN):
                take(message, None)

        for subject in self._subjects or (">",):
            await client.subscribe(
                subject,
                cb=hear,
                pending_msgs_limit=MAX_PENDING,
                pending_bytes_limit=MAX_PENDING_BYTES,
            )
        return ()

    def tell(self) -> None:
        """Nothing is known of what was lost."""
