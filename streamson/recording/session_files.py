"""The session files of a recording, with all that belongs to them."""

import shutil
from pathlib import Path

from streamson.errors import OutputFileError
from streamson.score.session import Session


def keep_session(session: Session, folder: Path, number: int) -> str:
    """Write a session's file, and the files that it names, into a folder; return its name there.

    Raises
    ------
    OutputFileError
        Something can't be written.
    """
    name = "session.toml" if number == 1 else f"session-{number}.toml"
    text = "# A program made this session.\n" if session.text is None else session.text
    try:
        for other in session.files:
            # What lies elsewhere, or is there already, comes under a name of its own.
            copy = _free_name(folder, other.path)
            text = text.replace(other.name, copy.name)
            shutil.copyfile(other.path, copy)
        (folder / name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise OutputFileError(f"can't write {error.filename}: {error.strerror}") from None
    return name


def _free_name(folder: Path, path: Path) -> Path:
    copy, number = folder / path.name, 1
    while copy.exists() and copy.read_bytes() != path.read_bytes():
        number += 1
        copy = folder / f"{path.stem}-{number}{path.suffix}"
    return copy
