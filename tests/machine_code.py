"""What machine code alone calls, with an entrance for tests."""

from numba import njit


def entered(function):
    """Return a function that calls one of `streamson._jit.inner`."""

    @njit
    def enter(*arguments):
        return function(*arguments)

    return enter
