"""Bodies become readings: unpacked, parsed and named, no faster than they are published."""

import asyncio
from collections.abc import AsyncIterator, Iterable

from streamson.errors import MessageError
from streamson.producers.base.push_queue import PushQueue
from streamson.producers.base.reading import BatchReading, Reading
from streamson.producers.base.sample import Sample, choose_fields
from streamson.producers.base.stream_limit import StreamLimit
from streamson.producers.base.unusable import Unusable
from streamson.producers.push.body import (
    BodyRequest,
    Outcome,
    PartlyRejectedError,
    Route,
    TooLargeError,
)
from streamson.producers.push.http_limits import (
    FULL_S,
    HIGH_FILL,
    MAX_HELD_BYTES,
    MAX_STREAMS,
    POLL_S,
    SLICE,
)
from streamson.producers.push.unpacking import Unpacker


class _BusyError(Exception):
    """More comes than goes."""


class Intake:
    """Reads bodies, and pushes what they say into a queue.

    Parameters
    ----------
    queue
        Where readings go.

    Attributes
    ----------
    points
        How many were pushed.
    unusable
        What was left out.
    """

    def __init__(self, queue: PushQueue) -> None:
        self.points = 0
        self._queue = queue
        self._held = 0
        self.unusable = Unusable("point")
        self._streams = StreamLimit(MAX_STREAMS)

    async def take(
        self, route: Route, request: BodyRequest, encoding: str, pieces: AsyncIterator[bytes]
    ) -> Outcome:
        """Take a body in; return what became of it.

        Parameters
        ----------
        route
            What is done with it.
        request
            What is known of it.
        encoding
            How it is packed.
        pieces
            The body, as it comes.
        """
        try:
            await self._room()
            await self._read(route, request, Unpacker(encoding), pieces)
        except TooLargeError as error:
            return Outcome(413, str(error))
        except PartlyRejectedError as error:
            self.unusable.add("that can't be read", str(error), error.rejected)
            return Outcome(route.partial, str(error), error.rejected)
        except MessageError as error:
            return Outcome(400, str(error))
        except _BusyError:
            return Outcome(429, "more comes than can be published; come back later")
        return Outcome(route.success)

    async def _read(
        self, route: Route, request: BodyRequest, unpacker: Unpacker, pieces: AsyncIterator[bytes]
    ) -> None:
        assert route.parser is not None
        parser = route.parser(request)
        size = held = 0
        try:
            async for packed in pieces:
                for piece in unpacker.feed(packed):
                    size += len(piece)
                    if size > route.max_bytes:
                        raise TooLargeError(f"more than {route.max_bytes} bytes, which are allowed")
                    self._hold(len(piece))
                    held += len(piece)
                    # Who yields something reads as it comes; who does not keeps what came.
                    if await self._push(parser.feed(piece), request):
                        self._held -= held
                        held = 0
            unpacker.close()
            await self._push(parser.close(), request)
        finally:
            self._held -= held

    def _hold(self, size: int) -> None:
        self._held += size
        if self._held > MAX_HELD_BYTES:
            self._held -= size
            raise _BusyError

    async def _push(self, found: Iterable[Sample | BatchReading], request: BodyRequest) -> bool:
        """Push what a parser found, as fast as it is published; return whether it was anything."""
        number = 0
        for number, one in enumerate(found, 1):
            if isinstance(one, BatchReading):
                self._push_reading(one, one.batch.stream, one.batch.size)
            else:
                self._push_sample(one, request)
            if number % SLICE == 0 or self._queue.fill > HIGH_FILL:
                await self._room()
        await asyncio.sleep(0)
        return number > 0

    def _push_sample(self, sample: Sample, request: BodyRequest) -> None:
        fields = choose_fields(sample.fields, request.fields)
        if not fields:
            kind = "without wanted fields" if sample.fields else "without numbers"
            self.unusable.add(kind, request.path)
            return
        self.unusable.add_time(sample.unread_time)
        stream = request.template.fill(sample.labels)
        self._push_reading(Reading(stream, fields, time=sample.time), stream, 1)

    def _push_reading(self, reading: Reading | BatchReading, stream: str, points: int) -> None:
        if self._streams.admits(stream):
            self.points += points
            self._queue.push(reading)
        else:
            self.unusable.add(self._streams.reason, stream, points)

    async def _room(self) -> None:
        """Let others have their turn, and wait until the queue has room."""
        await asyncio.sleep(0)
        loop = asyncio.get_running_loop()
        deadline = loop.time() + FULL_S
        while self._queue.fill > HIGH_FILL:
            if loop.time() > deadline:
                raise _BusyError
            await asyncio.sleep(POLL_S)
