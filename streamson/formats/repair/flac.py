"""Repair of FLAC files: the number of samples in the header, as the frames themselves tell it."""

from pathlib import Path
from typing import BinaryIO

from streamson.errors import InputFileError
from streamson.formats.flac_length import declared_samples, found_samples, set_samples
from streamson.formats.repair.mending import Mending


def mend_flac(path: Path, file: BinaryIO) -> Mending | None:
    """Return what lets a FLAC file tell how many samples it has; None if it does.

    Raises
    ------
    InputFileError
        There is no whole frame in it.
    """
    found = found_samples(file)
    if found is None:
        raise InputFileError(f"{path}: its header is not complete; nothing can be made of it")
    if not found:
        raise InputFileError(f"{path}: there is no whole block of sound in it")
    declared = declared_samples(file)
    if found == declared:
        return None

    def apply(copy: BinaryIO) -> None:
        set_samples(copy, found)

    told = f"{declared:,} frames" if declared else "no length"
    return Mending(f"its header declared {told}; {found:,} can be read", apply)
