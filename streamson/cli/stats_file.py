"""All counters and figures, written to a file at the end."""

from pathlib import Path

import click
import msgspec

from streamson.formats.atomic import write_atomically


def write_stats(stats: msgspec.Struct, path: Path) -> None:
    """Write statistics as JSON, at once whole; to what is no file, such as /dev/stdout, as it is.

    Raises
    ------
    click.FileError
        It can't be written.
    """
    content = msgspec.json.format(msgspec.json.encode(stats)) + b"\n"
    try:
        if path.exists() and not path.is_file():
            path.write_bytes(content)
        else:
            write_atomically(path, content)
    except OSError as error:
        raise click.FileError(str(path), error.strerror) from None
