"""Bodies of JSON, whole or line by line, and of forms: what any program can send."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Final
from urllib.parse import parse_qsl

from streamson.errors import MessageError
from streamson.producers.base.sample import MAX_SAMPLES, Sample, decode_json, samples_of
from streamson.producers.push.body import (
    MAX_DOCUMENT_BYTES,
    MAX_STREAMED_BYTES,
    BodyRequest,
    PartlyRejectedError,
    Route,
    TooLargeError,
)
from streamson.producers.push.webhooks import alerts_of, is_notification

MAX_LINE_BYTES: Final = 1 << 20
MAX_FORM_FIELDS: Final = 1_000
ROOT: Final = "http"
"""What a stream is called where the path says nothing."""

_FORM: Final = "application/x-www-form-urlencoded"
_BEGINS_JSON: Final = (b"{", b"[")
_LINES: Final = ("application/x-ndjson", "application/ndjson", "application/jsonl")


class JsonBody:
    """Reads one document, or lines of which each is one.

    Where the type does not say that it is lines, the first one tells: if it is a document by
    itself, so are the others, and each is read as it comes.

    Parameters
    ----------
    request
        Whose body it is.
    """

    def __init__(self, request: BodyRequest) -> None:
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        self._path = request.path.strip("/ ") or ROOT
        self._is_form = kind == _FORM  # curl says so of whatever it sends
        self._by_lines: bool | None = True if kind in _LINES else None
        self._waiting = bytearray()
        self._line = 0
        self._rejected = 0
        self._mistake = ""
        self._found = False

    def feed(self, chunk: bytes) -> Iterator[Sample]:
        """Take the next piece; yield the samples of the lines that are complete."""
        searched = len(self._waiting)
        self._waiting += chunk
        if self._by_lines is None and b"\n" in chunk:
            self._look_at_first_line()
            searched = 0
        if self._by_lines:
            yield from self._take_lines(searched)
        limit = MAX_LINE_BYTES if self._by_lines else MAX_DOCUMENT_BYTES
        if len(self._waiting) > limit:
            what = "a line" if self._by_lines else "a document"
            raise TooLargeError(f"{what} of JSON of more than {limit} bytes, which are allowed")

    def close(self) -> Iterator[Sample]:
        """Yield the samples of the last line, or of the document."""
        if self._by_lines:
            yield from self._take_line(bytes(self._waiting), self._line + 1)
        else:
            yield from self._samples(self._document())
        if self._mistake:
            raise PartlyRejectedError(self._mistake, self._rejected)
        if not self._found:
            raise MessageError('no numbers found; send some, such as {"temperature": 71.3}')

    def _look_at_first_line(self) -> None:
        """Find out whether it is lines, once there is one that is not empty."""
        first, end, _ = bytes(self._waiting.lstrip()).partition(b"\n")
        if end:
            self._by_lines = False
            with suppress(MessageError):
                decode_json(first)
                self._by_lines = True

    def _take_lines(self, searched: int) -> Iterator[Sample]:
        end = self._waiting.rfind(b"\n", searched)
        if end < 0:
            return
        lines = bytes(self._waiting[:end]).split(b"\n")
        del self._waiting[: end + 1]
        first = self._line + 1
        self._line += len(lines)
        for number, line in enumerate(lines, first):
            if line:
                yield from self._take_line(line, number)

    def _take_line(self, line: bytes, number: int) -> Iterator[Sample]:
        if not line or line.isspace():
            return
        try:
            document = decode_json(line)
        except MessageError as error:
            self._rejected += 1
            self._mistake = self._mistake or f"line {number}: {error}"
            return
        is_empty = True
        for sample in self._samples(document):
            is_empty = False
            yield sample
        if is_empty:
            yield Sample({}, {})  # which is counted

    def _document(self) -> object:
        body = bytes(self._waiting)
        try:
            return decode_json(body) if body.strip() else None
        except MessageError:
            if not self._is_form or body.lstrip()[:1] in _BEGINS_JSON:
                raise
        try:
            return dict(parse_qsl(body.decode(), max_num_fields=MAX_FORM_FIELDS))
        except ValueError as error:
            raise MessageError(f"neither JSON nor a form: {error}") from None

    def _samples(self, document: object) -> Iterator[Sample]:
        """Yield a document's samples."""
        found: Iterable[Sample]
        if isinstance(document, dict) and is_notification(document):
            found = alerts_of(document)
        else:
            found = self._ordinary(document)
        for sample in found:
            self._found = True
            yield sample

    def _ordinary(self, document: object) -> Iterator[Sample]:
        for number, sample in enumerate(samples_of(document, MAX_SAMPLES + 1)):
            if number == MAX_SAMPLES:
                raise TooLargeError(
                    f"a document of more than {MAX_SAMPLES} points, which are allowed; send lines"
                )
            yield sample._replace(labels={**sample.labels, "path": self._path})


JSON_ROUTE: Final = Route(JsonBody, "{path}", max_bytes=MAX_STREAMED_BYTES)
"""What is done with all that is sent to a path that nothing else is known of."""
