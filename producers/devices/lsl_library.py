"""The library of the Lab Streaming Layer: loaded, or explained, and kept from writing by itself."""

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from streamson._optional import import_optional
from streamson.errors import MissingDependencyError

_QUIET: Final = "\n[log]\nlevel = -3\n"
"""Only what ends it. Else it writes names from the network to the terminal as they are."""


def load_lsl() -> Any:
    """Return pylsl.

    Raises
    ------
    MissingDependencyError
        If it, or the library that it stands for, is not installed.
    """
    try:
        pylsl = import_optional("pylsl", "lsl", "the lsl producer")
    except RuntimeError:  # older ones bring no library for Linux
        raise MissingDependencyError(
            "pylsl finds no liblsl on this machine. A newer pylsl brings one: "
            f"{sys.executable} -m pip install --upgrade pylsl"
        ) from None
    with suppress(AttributeError, NotImplementedError, OSError, UnicodeError):  # older ones can't
        configuration = _configuration()
        if "[log]" not in configuration:
            pylsl.set_config_content(configuration + _QUIET)
    return pylsl


def _configuration() -> str:
    """Return what liblsl would read: this is in its place."""
    files = [
        Path(os.environ.get("LSLAPICFG") or "lsl_api.cfg"),
        Path("lsl_api.cfg"),
        Path("~/lsl_api/lsl_api.cfg").expanduser(),
        Path("/etc/lsl_api/lsl_api.cfg"),
    ]
    found = next((file for file in files if file.is_file()), None)
    return "" if found is None else found.read_text()
