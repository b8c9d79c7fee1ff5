"""Files that are always whole, whenever the process dies or the power goes."""

import os
from pathlib import Path


def write_whole(path: Path, content: bytes) -> None:
    """Write a file: what was there before stays until all of the new content is on the disk.

    Raises
    ------
    OSError
        It can't be written.
    """
    part = path.with_name(path.name + ".part")
    try:
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError:
        part.unlink(missing_ok=True)
        raise
