"""Writing sound that is rendered to a file: all of it or nothing."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from streamson.errors import OutputFileError, UsageError
from streamson.formats.atomic import name_beside
from streamson.formats.audio_file import writer_for
from streamson.music.level import amplitude_to_db


def write_sound(path: Path, blocks: Iterable[NDArray[np.float32]], sample_rate: int) -> str:
    """Write blocks of shape (frames, 2) to a sound file; return what it holds, for a person.

    Raises
    ------
    OutputFileError
        If it can't be written.
    UsageError
        If its ending is none of a sound file.
    """
    peak = 0.0
    with writer_for(path)(path, sample_rate) as writer:
        for block in blocks:
            writer.write(block)
            peak = max(peak, float(block.max()), -float(block.min()))
    return f"{writer.frames / sample_rate:.1f} s of sound, peak {amplitude_to_db(peak):.1f} dBFS"


@contextmanager
def whole_or_nothing(path: Path) -> Iterator[Path]:
    """Yield a name to write to; it takes the real name only once everything is written.

    Raises
    ------
    UsageError
        If there is no such folder.
    OutputFileError
        If the file can't be written.
    """
    if not path.parent.is_dir():
        raise UsageError(f"can't write {path}: there is no folder {path.parent}")
    part = name_beside(path)
    try:
        yield part
        part.replace(path)
    except OutputFileError as error:
        raise OutputFileError(str(error).replace(str(part), str(path))) from None
    except OSError as error:
        raise OutputFileError(f"can't write {path}: {error.strerror}") from None
    finally:
        with suppress(OSError):  # where nothing can be written, nothing can be removed either
            part.unlink(missing_ok=True)
