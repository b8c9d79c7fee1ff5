"""Publishing what a producer yields: the listener is awaited, the pace kept, losses are told."""

import logging
import time
from typing import Final

from streamson._printable import counted, printable
from streamson._rate_limited_log import RateLimitedLog
from streamson.errors import MessageError
from streamson.model.limits import MAX_SPAN_S
from streamson.producers.base.first_fields import FirstFields
from streamson.producers.base.pace import POLL_S, sleep_until
from streamson.producers.base.push_queue import PushQueue
from streamson.producers.base.reading import BatchReading, Production, Reading
from streamson.producers.base.sink import Sink
from streamson.wire.sockets.endpoint import bound_endpoint
from streamson.wire.sockets.name_lookup import LOOK_UP_S, NameLookup

HINT_AFTER_S: Final = 10.0

_log = logging.getLogger(__name__)


def publish(production: Production, sink: Sink) -> None:
    """Send readings when they are due, until they end.

    What happens is logged with level INFO, by loggers below ``streamson.producers``.

    Parameters
    ----------
    production
        What to send.
    sink
        Where to: a publisher that has not waited for a listener yet, or a printer. It counts what
        is sent and dropped.
    """
    _await_first(sink, keep=production.keep)
    limited = RateLimitedLog(_log)
    first_fields = FirstFields()
    try:
        _send_all(production, sink, limited, first_fields)
    finally:
        limited.flush()
        first_fields.tell()


def _send_all(
    production: Production, sink: Sink, limited: RateLimitedLog, first_fields: FirstFields
) -> None:
    readings = production.readings
    origin = time.monotonic()
    listening = True
    overrun = 0
    for reading in readings:
        sleep_until(origin + min(reading.due_s, MAX_SPAN_S))
        if sink.listening != listening:
            listening = not listening
            _log_change(listening=listening, keep=production.keep)
        if not listening and production.keep:
            gone_at = time.monotonic()
            sink.wait_for_listener()
            origin += time.monotonic() - gone_at
            listening = True
            _log_change(listening=listening, keep=production.keep)
        _look_at(reading, first_fields)
        try:
            reading.send(sink)
        except MessageError as error:  # of one reading among many
            limited.warning("refused", "a reading left out: %s", printable(str(error)))
        if isinstance(readings, PushQueue) and readings.dropped > overrun:
            overrun = readings.dropped
            limited.warning(
                "overrun",
                "%s dropped so far: they come faster than they go",
                counted(overrun, "point"),
            )


def _look_at(reading: Reading | BatchReading, first_fields: FirstFields) -> None:
    if isinstance(reading, BatchReading):
        batch = reading.batch
        first_fields.look_at(batch.stream, batch.columns, batch.size)
    elif isinstance(reading, Reading):  # and no loss that somebody makes up
        first_fields.look_at(reading.stream, reading.fields)


def _log_change(*, listening: bool, keep: bool) -> None:
    gone = "waiting for it" if keep else "measuring on, points are dropped meanwhile"
    _log.info("the listener is back" if listening else f"the listener has gone; {gone}")


def _await_first(sink: Sink, *, keep: bool) -> None:
    if sink.wait_for_listener(POLL_S):
        return
    live = "" if keep else "; until then nothing is taken in"
    _log.info("waiting for a listener on %s%s", sink.endpoint, live)
    lookup = NameLookup(sink.endpoint)
    if is_told := bool(lookup.problem(LOOK_UP_S)):
        _log.warning("--endpoint: %s", lookup.problem(0))
    if not sink.wait_for_listener(HINT_AFTER_S):
        if not is_told and lookup.problem(0):  # by now
            _log.warning("--endpoint: %s", lookup.problem(0))
        if not sink.refusal:
            _log.info(
                "still no listener there; start one with: streamson listen --bind %s, or say with "
                "--endpoint where it is",
                bound_endpoint(sink.endpoint),
            )
        sink.wait_for_listener()
    _log.info("found a listener")
