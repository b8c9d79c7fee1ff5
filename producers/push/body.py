"""What a route of the HTTP server is: who reads a request's body, and how it is answered."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple, Protocol

from streamson.errors import MessageError
from streamson.producers.base.reading import BatchReading
from streamson.producers.base.sample import Sample
from streamson.producers.base.stream_template import StreamTemplate

MAX_DOCUMENT_BYTES: Final = 4 << 20
"""Of a body that is read only when all of it is there, after it is unpacked."""

MAX_STREAMED_BYTES: Final = 1 << 30
"""Of a body that is read as it comes, line by line, after it is unpacked."""

TEXT: Final = {"Content-Type": "text/plain; charset=utf-8"}


class BodyRequest(NamedTuple):
    """What a parser may know of the request whose body it reads.

    Attributes
    ----------
    path
        As it was asked for, decoded: ``/boiler``.
    headers
        By their names in lower case; of several of a name the first.
    query
        By name; of several of a name the first.
    template
        The streams' names: what ``--stream`` says, or else the route's `Route.stream`. The server
        names samples by it; whoever makes batches has to.
    fields
        Which fields are wanted, for `choose_fields`. The server chooses those of samples; whoever
        makes batches has to.
    """

    path: str
    headers: Mapping[str, str]
    query: Mapping[str, str]
    template: StreamTemplate
    fields: Sequence[str]


class BodyParser(Protocol):
    """Reads one body, which comes in pieces of any size, unpacked.

    Both methods may be generators, and both raise `MessageError` for what is wrong, with its place:
    "line 3: ...". What they yielded before is published. Where a format lets good lines be told
    from bad ones, a parser goes on after a bad one, and raises `PartlyRejectedError` at the end of
    `close`, with the first mistake.
    """

    def feed(self, chunk: bytes, /) -> Iterable[Sample | BatchReading]:
        """Take the next piece of the body; return what is complete."""

    def close(self) -> Iterable[Sample | BatchReading]:
        """Take in that the body is complete; return the rest."""


class TooLargeError(MessageError):
    """A body, or a part of it, is larger than a parser allows: that is answered with 413."""


class PartlyRejectedError(MessageError):
    """Some of a body was published, and some was rejected.

    Parameters
    ----------
    message
        The first mistake with its place.
    rejected
        How many lines or points were rejected.
    """

    def __init__(self, message: str, rejected: int) -> None:
        super().__init__(message)
        self.rejected = rejected


class Outcome(NamedTuple):
    """What became of a request.

    Attributes
    ----------
    status
        Of the answer.
    message
        What is wrong; empty where all is well.
    rejected
        Lines or points, of a body of which the others were published.
    """

    status: int
    message: str = ""
    rejected: int = 0


class Answer(NamedTuple):
    """What a request is answered."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = {}


def answer_plainly(_request: BodyRequest, outcome: Outcome) -> Answer:
    """Answer in words; with nothing where all is well."""
    if not outcome.message:
        return Answer(outcome.status)
    return Answer(outcome.status, f"{outcome.message}\n".encode(), TEXT)


class Route(NamedTuple):
    """What is done with requests of a method and a path.

    Attributes
    ----------
    parser
        Makes what reads a request's body; None where a request is only answered, as one that asks
        whether somebody is there. It may keep something from one request to the next: a server has
        its own routes.
    stream
        The template of the streams' names where ``--stream`` says nothing.
    success, partial
        The status where all is well, and where some was rejected.
    max_bytes
        Of a body, unpacked. What is longer is answered with 413.
    answer
        Makes the answer. It is asked whatever became of the body: 2xx, 400, 413, 415, 429.
    """

    parser: Callable[[BodyRequest], BodyParser] | None
    stream: str
    success: int = 204
    partial: int = 400
    max_bytes: int = MAX_DOCUMENT_BYTES
    answer: Callable[[BodyRequest, Outcome], Answer] = answer_plainly


Routes = Mapping[tuple[str, str], Route]
"""Method and path to what is done."""


class WholeBody:
    """Reads a body that makes sense only when all of it is there.

    Parameters
    ----------
    read
        Reads it: may be a generator, and raises `MessageError`.
    """

    def __init__(self, read: Callable[[bytes], Iterable[Sample | BatchReading]]) -> None:
        self._read = read
        self._body = bytearray()

    def feed(self, chunk: bytes) -> Iterator[Sample | BatchReading]:
        """Keep a piece; the server sees to it that they do not become too many."""
        self._body += chunk
        return iter(())

    def close(self) -> Iterable[Sample | BatchReading]:
        """Read what was kept."""
        return self._read(bytes(self._body))
