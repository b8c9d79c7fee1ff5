"""The session files of a recording or a corpus, with all that belongs to them."""

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from streamson.errors import OutputFileError
from streamson.formats.atomic import write_atomically
from streamson.session.schema import Session


class PackedSession(NamedTuple):
    """A session file that needs nothing from elsewhere.

    Attributes
    ----------
    text
        What it says.
    files
        Samples and scales: name to content.
    """

    text: str
    files: Mapping[str, bytes]


def pack_session(session: Session) -> PackedSession:
    """Return a session's file, and the files that it names under names of their own.

    Raises
    ------
    OutputFileError
        One of them can't be read any more.
    """
    if session.text is None:
        return PackedSession("# A program made this session.\n", {})
    files: dict[str, bytes] = {}
    names: dict[str, str] = {}
    for name, path in session.files:
        try:
            content = path.read_bytes()
        except OSError as error:
            raise OutputFileError(f"can't keep {path}: {error.strerror}") from None
        # No name that something else in the folder may have, and the same for the same content.
        names[name] = f"{path.stem}-{hashlib.sha256(content).hexdigest()[:8]}{path.suffix}"
        files[names[name]] = content
    return PackedSession(_renamed(session.text, names), files)


def _renamed(text: str, names: Mapping[str, str]) -> str:
    """Return the text of a session whose files have other names."""
    if not names:
        return text
    longest_first = sorted(names, key=len, reverse=True)
    # A name stands alone between quotation marks, or behind the root of a scale.
    wanted = "|".join(map(re.escape, longest_first))
    return re.sub(
        rf"""(["'])(\S+ )?({wanted})\1""",
        lambda match: f"{match[1]}{match[2] or ''}{names[match[3]]}{match[1]}",
        text,
    )


def keep_session(packed: PackedSession, folder: Path, number: int) -> str:
    """Write a session into a folder; return its file's name there.

    Raises
    ------
    OutputFileError
        Something can't be written.
    """
    name = "session.toml" if number == 1 else f"session-{number}.toml"
    try:
        for file, content in packed.files.items():
            write_atomically(folder / file, content)
        write_atomically(folder / name, packed.text.encode())
    except OSError as error:
        raise OutputFileError(f"can't write to {folder}: {error.strerror}") from None
    return name
