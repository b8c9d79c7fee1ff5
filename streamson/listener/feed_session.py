"""A session in the feed: its text, and what it reads from files, as far as that is told."""

from typing import Final

from streamson._printable import printable
from streamson.errors import OutputFileError
from streamson.model.feed import SessionTold
from streamson.session.packing import pack_session
from streamson.session.schema import Session

MAX_FILES_BYTES: Final = 2 << 20
"""Of a session's samples and scales: with its text, and as JSON, it is less than a message of the
feed may have, and takes 17 s at a megabit a second."""


def session_told(number: int, session: Session) -> SessionTold:
    """Return a session as it is told; its files are read for that."""
    if session.text is None:
        return _untold(number, session, "a program made it, so that it has no text")
    try:
        size = sum(file.path.stat().st_size for file in session.files)
        if size > MAX_FILES_BYTES:
            return _untold(
                number,
                session,
                f"its files take {size / 1e6:.1f} MB; up to {MAX_FILES_BYTES / 1e6:.1f} MB are "
                "told",
            )
        packed = pack_session(session)
    except (OSError, OutputFileError) as error:
        return _untold(number, session, printable(str(error)))
    return SessionTold(number=number, name=session.name, text=packed.text, files=dict(packed.files))


def _untold(number: int, session: Session, reason: str) -> SessionTold:
    return SessionTold(number=number, name=session.name, text=None, reason=reason)
