"""A listener that is not there: what its feed would tell, of as many streams as one likes."""

import threading
import time

from streamson.model.event.streams import StreamRecovered
from streamson.model.feed import (
    EVENT,
    HELLO,
    STATE,
    STATISTICS,
    STREAMS,
    ActiveAlert,
    EventTold,
    Followed,
    Hello,
    ListenerState,
    PartLegend,
    StreamRow,
    Streams,
)
from streamson.model.note import Note
from streamson.model.statistics import Statistics
from streamson.wire.feed.publisher import FeedPublisher

ROWS_A_MESSAGE = 32

LEGEND = (
    PartLegend(
        instrument="epiano",
        follows=(Followed(parameter="pitch", field="percent", polarity="up", low="G3", high="C6"),),
        text="percent -> pitch G3..C6, epiano",
    ),
)


def hello(**changes) -> Hello:
    told = {
        "program": "streamson 0",
        "endpoint": "tcp://127.0.0.1:5570",
        "output": "without sound",
        "plays": False,
        "sample_rate": 44_100,
        "channels": 2,
        "sessions": ("monitor",),
    }
    return Hello(**(told | changes))


def state(**changes) -> ListenerState:
    told = {
        "frame": 0,
        "time": 0.0,
        "session": "monitor",
        "volume_db": -6.0,
        "muted": False,
        "muted_streams": (),
        "soloed_streams": (),
        "recording": None,
        "alerts": (),
    }
    return ListenerState(**(told | changes))


def alert(stream: str, **changes) -> ActiveAlert:
    told = {"field": "percent", "sentence": f"{stream}: percent is 97, above 90", "raised_at": 0.0}
    return ActiveAlert(stream=stream, **(told | changes))


def statistics(**changes) -> Statistics:
    told = dict.fromkeys(Statistics.__struct_fields__, 0)
    told |= {"latency_median_ms": None, "latency_p99_ms": None, "peak_dbfs": None}
    return Statistics(**(told | changes))


def row(name: str, **changes) -> StreamRow:
    note = Note(
        onset_frame=1,
        duration_s=0.3,
        duration_frames=13_000,
        midi_note=61.0,
        level_db=-20.0,
        pan=0.0,
        instrument="epiano",
        stream=name,
    )
    told = {
        "name": name,
        "state": "live",
        "fields": {"load": 0.5, "percent": 42.0},
        "time": 0.0,
        "range": (0.0, 100.0),
        "points": 1,
        "points_per_second": 4.0,
        "points_coalesced": 0,
        "notes": 1,
        "last_note": note,
        "legend": LEGEND,
    }
    return StreamRow(**(told | changes))


class MadeUpFeed:
    """Tells on a real socket, as a listener does, of these rows, until it is closed.

    A sentence about each of the first three is told as an event.
    """

    def __init__(self, rows: list[StreamRow], endpoint: str = "tcp://127.0.0.1:*") -> None:
        self._publisher = FeedPublisher(endpoint)
        self.endpoint = self._publisher.endpoint
        self._rows = rows
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def close(self) -> None:
        self._closing.set()
        self._thread.join()
        self._publisher.close()

    def __enter__(self) -> "MadeUpFeed":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _run(self) -> None:
        began = time.monotonic()
        due = 0.0
        while not self._closing.is_set():
            if self._publisher.wait(0.02):
                self._publisher.send(HELLO, hello())
                self._publisher.send(STATE, state())
                self._tell_rows(self._rows)
                for number, told in enumerate(self._rows[:3]):
                    self._tell_event(number, told.name)
                due = 0.0
            if time.monotonic() >= due:
                due = time.monotonic() + 1
                self._tell_rows(self._rows[:1])  # it is there
                self._publisher.send(STATISTICS, statistics(seconds=due - began, points_received=1))

    def _tell_rows(self, rows: list[StreamRow]) -> None:
        for at in range(0, len(rows), ROWS_A_MESSAGE):
            told = tuple(rows[at : at + ROWS_A_MESSAGE])
            self._publisher.send(STREAMS, Streams(frame=0, count=len(self._rows), rows=told))

    def _tell_event(self, number: int, name: str) -> None:
        event = StreamRecovered(frame=0, name=name, silent_s=3.0)
        told = EventTold(number=number, time=time.time(), sentence=event.sentence, event=event)
        self._publisher.send(EVENT, told)
