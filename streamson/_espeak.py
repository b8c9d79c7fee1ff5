"""The program that speaks, espeak-ng: how it is called, and where it is."""

import shutil
from typing import Final

from streamson.errors import MissingDependencyError

PROGRAM: Final = "espeak-ng"
INSTALL: Final = "apt-get install espeak-ng (macOS: brew install espeak-ng)"


def find_espeak() -> str:
    """Return the path of espeak-ng.

    Raises
    ------
    MissingDependencyError
        It is not installed.
    """
    program = shutil.which(PROGRAM)
    if program is None:
        raise MissingDependencyError(f"nothing can speak: {PROGRAM} is not installed; {INSTALL}")
    return program
