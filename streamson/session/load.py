"""Session files: where they are, and how they are read."""

import os
import re
import tomllib
from collections.abc import Collection, Iterator
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Final

import msgspec

from streamson.errors import SessionError, nearest
from streamson.formats.regular_file import read_file_or_pipe
from streamson.session.parse.checks import Place, quoted
from streamson.session.parse.document import read_session
from streamson.session.parse.scale import scala_file
from streamson.session.schema import Session, SessionFile

MAX_SESSION_BYTES: Final = 1 << 18
"""Size of a session file: far more than 256 parts need, and parsed in well under a second."""

MAX_KEY_PARTS: Final = 32
"""Of a dotted key: tomllib takes a minute for one of 100,000."""

_LONG_KEY: Final = re.compile(
    r"""(?<![\w-])(?:(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+)"""
    f"{{{MAX_KEY_PARTS}}}"
)


def load_session(name: str | os.PathLike[str] | None = None) -> Session:
    """Read a session.

    Parameters
    ----------
    name
        Name of a preset, or path of a TOML file; a `pathlib.Path` is always a file. None or an
        empty string is the default session, which has no parts.

    Raises
    ------
    SessionError
        There is no such file or preset, it can't be read, or something in it isn't allowed.

    Examples
    --------
    >>> load_session("article").parts[0].timing
    'sequence'
    """
    if name is None or name == "":
        return Session(text="")
    if isinstance(name, str) and name in preset_names():
        preset = resources.files("streamson.session") / "presets" / f"{name}.toml"
        return parse_session(preset.read_bytes(), name)
    return parse_session(_read(os.fspath(name)), os.fspath(name))


@cache
def preset_names() -> tuple[str, ...]:
    """Return the names of the sessions that come with streamson, sorted."""
    files = (resources.files("streamson.session") / "presets").iterdir()
    return tuple(sorted(Path(f.name).stem for f in files if f.name.endswith(".toml")))


def parse_session(content: bytes, file: str, *, beside: Collection[str] | None = None) -> Session:
    """Return the session in a file's content.

    Parameters
    ----------
    content
        Of the file.
    file
        Its name, for messages; samples and scales are found beside it.
    beside
        The only files that it may name, where somebody elsewhere wrote it; None: any.

    Raises
    ------
    SessionError
        It isn't TOML in UTF-8, is too large, or something in it isn't allowed.
    """
    place = Place(file)
    if len(content) > MAX_SESSION_BYTES:
        raise place.error(f"found more than {MAX_SESSION_BYTES} bytes, the limit of a session file")
    try:
        text = content.decode("utf-8-sig")
        _check_keys(text, place)
        document = tomllib.loads(text)
    except UnicodeDecodeError as error:
        line, column = _line_and_column(content[: error.start])
        raise place.error(
            f"line {line}, column {column}: found a byte that isn't UTF-8; "
            "allowed: a TOML file encoded in UTF-8"
        ) from None
    except RecursionError:
        raise place.error("found lists or tables nested too deeply") from None
    except tomllib.TOMLDecodeError as error:
        raise place.error(_syntax_problem(str(error), content)) from None
    except ValueError:  # Python reads no whole number of more than 4300 digits
        raise place.error("found a number of more than 4300 digits") from None
    if beside is not None:
        for name in _named(document):
            if name not in beside:
                raise place.error(f"found the file {name!r}, which did not come with it")
    session = read_session(document, file)
    return msgspec.structs.replace(session, text=text, files=_files(document, Path(file).parent))


def _files(document: dict[str, Any], folder: Path) -> tuple[SessionFile, ...]:
    """Return the files that a session names, which are beside it."""
    named = [table["sample"] for table in document.get("instrument", []) if "sample" in table]
    for part in document.get("part", []):
        scale = part.get("pitch", {}).get("scale")
        if isinstance(scale, str) and scale.lower().endswith(".scl"):
            named.append(scala_file(scale)[1])
    return tuple(SessionFile(name, folder / name) for name in dict.fromkeys(named))


def _named(value: object) -> Iterator[str]:
    """Yield what might name a file, in a document that nobody has checked."""
    if isinstance(value, list):
        for one in value:
            yield from _named(one)
    elif isinstance(value, dict):
        for key, one in value.items():
            if key == "sample" and isinstance(one, str):
                yield one
            elif isinstance(one, str) and one.lower().endswith(".scl"):
                yield scala_file(one)[1]
            else:
                yield from _named(one)


def _read(path: str) -> bytes:
    try:
        # One byte more than allowed tells that it is too large.
        return read_file_or_pipe(path, MAX_SESSION_BYTES)
    except (FileNotFoundError, ValueError):  # ValueError: a NUL in the path
        hint = nearest(path.removesuffix(".toml"), preset_names())
        raise SessionError(
            f"{path!r}: found neither a file nor a preset of this name; "
            f"presets: {quoted(preset_names())}{hint}"
        ) from None
    except OSError as error:
        raise SessionError(f"{path}: can't read the session file: {error.strerror}") from None


def _check_keys(text: str, place: Place) -> None:
    found = _LONG_KEY.search(text)
    if found is not None:
        line, column = _line_and_column(text[: found.start()].encode())
        raise place.error(
            f"line {line}, column {column}: found a name with {MAX_KEY_PARTS} dots or more"
        )


def _syntax_problem(message: str, content: bytes) -> str:
    """Return tomllib's message with the line and column first."""
    at = re.search(r" \(at line (\d+), column (\d+)\)$", message)
    line, column = (int(at[1]), int(at[2])) if at else _line_and_column(content)
    text = re.sub(r" \(at .*\)$", "", message)
    return f"line {line}, column {column}: not TOML: {text[:1].lower()}{text[1:]}"


def _line_and_column(before: bytes) -> tuple[int, int]:
    """Return where the text that follows ``before`` begins, counted from 1."""
    last_line = before.rpartition(b"\n")[2]
    return before.count(b"\n") + 1, len(last_line.decode("utf-8", "replace")) + 1
