"""How this program starts a part of itself as a process of its own."""

import sys


def own_command(*words: str, module: str = "streamson") -> list[str]:
    """Return the command that runs one of our modules with this Python.

    Nothing is imported from the folder that somebody happens to be in: a ``random.py`` there is no
    part of us (``-P``).

    Parameters
    ----------
    *words
        Its arguments.
    module
        The module; without one, the command line.
    """
    return [sys.executable, "-P", "-m", module, *words]
