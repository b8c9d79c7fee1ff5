"""The sessions of a listener that is followed, and names for the instruments of all of them."""

import tempfile
from itertools import count
from pathlib import Path
from typing import Final

import msgspec

from streamson._printable import printable
from streamson.errors import InputFileError, SessionError, StreamsonError
from streamson.model.feed import SessionTold
from streamson.model.instrument import Instrument
from streamson.model.note import Note
from streamson.session.load import parse_session
from streamson.session.schema import Session

SESSIONS_KEPT: Final = 3
"""Notes of the session before may still begin; those of older ones have."""


def session_of(told: SessionTold) -> Session:
    """Return a session that was told.

    Raises
    ------
    StreamsonError
        It has no text, or something in it can't be read here.
    """
    name = printable(told.name)
    if told.text is None:
        raise StreamsonError(
            f"its session {name} can't be played elsewhere: {printable(told.reason)}"
        )
    with tempfile.TemporaryDirectory(prefix="streamson-") as folder:
        for file, content in told.files.items():
            if Path(file).name != file or not file.isprintable():
                raise SessionError(f"its session {name} has a file {file!r}, which is no name")
            try:
                Path(folder, file).write_bytes(content)
            except OSError as error:
                raise InputFileError(f"can't keep {file!r}: {error.strerror}") from None
        try:
            session = parse_session(
                told.text.encode(), str(Path(folder, "session")), beside=told.files
            )
        except StreamsonError as error:
            raise SessionError(
                f"its session {name} can't be played here: {printable(str(error))}"
            ) from None
    return msgspec.structs.replace(session, name=told.name)


class FollowedSessions:
    """The last sessions of one listener that is followed.

    Attributes
    ----------
    instruments
        Of all of them: where different ones are called the same, some have other names.
    """

    def __init__(self) -> None:
        self.instruments: dict[str, Instrument] = {}
        self._sessions: dict[int, Session] = {}
        self._names: dict[int, dict[str, str]] = {}

    def add(self, number: int, session: Session) -> None:
        """Take in a session, and forget the oldest if there are too many."""
        self._sessions[number] = session
        for old in list(self._sessions)[:-SESSIONS_KEPT]:
            del self._sessions[old], self._names[old]
        names = {
            name: self._name(name, instrument)
            for name, instrument in session.all_instruments.items()
        }
        self._names[number] = names
        used = {name for names in self._names.values() for name in names.values()}
        for name in list(self.instruments):
            if name not in used:
                del self.instruments[name]

    def get(self, number: int) -> Session | None:
        """Return a session; None for one that is not known."""
        return self._sessions.get(number)

    def renamed(self, note: Note, number: int) -> Note:
        """Return a note whose instrument has its name among all."""
        name = self._names[number].get(note.instrument, note.instrument)
        return note if name == note.instrument else msgspec.structs.replace(note, instrument=name)

    def _name(self, name: str, instrument: Instrument) -> str:
        for number in count(1):
            candidate = name if number == 1 else f"{name} {number}"
            if self.instruments.setdefault(candidate, instrument).same_as(instrument):
                return candidate
        raise AssertionError
