"""Optional packages: imported where they are used, and named with their command where missing."""

import sys
from importlib import import_module
from typing import Any

from streamson.errors import MissingDependencyError


def import_optional(module: str, extra: str, purpose: str) -> Any:
    """Import and return an optional module.

    Parameters
    ----------
    module
        Its importable name.
    extra
        The extra of streamson that brings it.
    purpose
        What it is needed for.

    Raises
    ------
    MissingDependencyError
        It is not installed; the message names the command.
    """
    try:
        return import_module(module)
    except ImportError:
        raise MissingDependencyError(
            f"{purpose} needs the package {module.partition('.')[0]}, which is not installed. "
            f"Install it: {sys.executable} -m pip install 'streamson[{extra}]'"
        ) from None
