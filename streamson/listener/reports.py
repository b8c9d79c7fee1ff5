"""What the engine reports: which notes and changes of volume began, for all who want to know."""

from collections.abc import Callable
from math import isfinite

from streamson.listener.dispatch import NoteDispatcher, StartedNote, StartedVolume
from streamson.listener.event_bus import EventBus
from streamson.model.event.steering import VolumeChanged
from streamson.model.note import Note
from streamson.recording.session_log import SessionLog
from streamson.session.parse.earcons import earcon_instruments


class Reports:
    """Reads them in the listener's thread.

    Parameters
    ----------
    dispatcher
        Knows what was handed to the engine.
    bus
        Where changes of the volume are told.
    on_note
        Are called with every note that began.

    Attributes
    ----------
    session_log
        Where notes are recorded; None without such a recording.
    last_note
        The last one that began, but for those of earcons.
    """

    def __init__(
        self,
        dispatcher: NoteDispatcher,
        bus: EventBus,
        on_note: tuple[Callable[[StartedNote], None], ...],
    ) -> None:
        self.session_log: SessionLog | None = None
        self.last_note: Note | None = None
        self._dispatcher = dispatcher
        self._bus = bus
        self._on_note = on_note

    def read(self) -> None:
        """Take in what began since the last time."""
        for started in self._dispatcher.started():
            if isinstance(started, StartedVolume):
                frame, volume_db = started
                level_db = volume_db if isfinite(volume_db) else None
                self._bus.emit(VolumeChanged(frame=frame, volume_db=level_db))
                continue
            if started.note.instrument not in earcon_instruments():
                self.last_note = started.note
            if self.session_log is not None:
                self.session_log.begin_note(started.note, started.session)
            for subscriber in self._on_note:
                subscriber(started)
