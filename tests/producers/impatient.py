"""A function some of whose points cost too much.

In a file of its own: each process that computes loads all that stands beside it.
"""

import sys


def sometimes_costly(costly, reason):
    """Return a function some of whose points cost too much."""

    def function(t):
        if t in costly:
            if reason == "memory":
                raise MemoryError
            while reason == "time":
                pass
        return None if t < 0 else complex(t, -t)

    return function


def impatient(costly, reason):
    sys.modules["__main__"].MAX_POINT_S = 0.3  # the worker is the program there
    return sometimes_costly(costly, reason)
