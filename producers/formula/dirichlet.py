"""The Dirichlet eta and the Riemann zeta function, by Arb (python-flint) or mpmath."""

import importlib.util
from typing import Any, Final

import click

from streamson._click_options import FiniteFloat
from streamson.errors import MissingDependencyError
from streamson.producers.formula.computing import Formula
from streamson.producers.formula.worker import Function

RELATIVE_ACCURACY_BITS: Final = 53
PRECISION_STEP_BITS: Final = 9
MAX_USUAL_BITS: Final = 200
MAX_PRECISION_BITS: Final = 3_200

_FLINT_NAMES: Final = {"eta": "dirichlet_eta", "zeta": "zeta"}
_MPMATH_NAMES: Final = {"eta": "altzeta", "zeta": "zeta"}

backend_option = click.option(
    "--backend",
    type=click.Choice(["flint", "mpmath"]),
    help="What computes: flint is 50 times faster.  [default: flint where it is installed]",
)
sigma_option = click.option(
    "--sigma",
    type=FiniteFloat(),
    default=0.5,
    show_default=True,
    help="The real part of sigma + it.",
)


def dirichlet_formula(name: str, sigma: float, backend: str | None) -> Formula:
    """Return how `dirichlet_function` makes a function, by whatever is installed.

    Parameters
    ----------
    name, sigma
        As for `dirichlet_function`.
    backend
        ``"flint"``, ``"mpmath"``, or None for flint where it is installed.

    Raises
    ------
    MissingDependencyError
        If flint is asked for and not installed.
    """
    installed = importlib.util.find_spec("flint") is not None
    if backend == "flint" and not installed:
        raise MissingDependencyError(
            "python-flint is not installed. Install it: pip install 'streamson[flint]', "
            "or compute slowly: --backend mpmath"
        )
    chosen = backend or ("flint" if installed else "mpmath")
    return Formula(dirichlet_function, (name, sigma, chosen))


def dirichlet_function(name: str, sigma: float, backend: str) -> Function:
    """Return ``t -> f(sigma + it)``, right to double precision; None at a pole.

    Parameters
    ----------
    name
        ``"eta"`` or ``"zeta"``.
    sigma
        The real part.
    backend
        ``"flint"`` or ``"mpmath"``.
    """
    if backend == "mpmath":
        return _by_mpmath(_MPMATH_NAMES[name], sigma)
    return _by_flint(_FLINT_NAMES[name], sigma)


def _by_flint(name: str, sigma: float) -> Function:
    import flint

    usual_bits = RELATIVE_ACCURACY_BITS

    def value(t: float) -> complex | None:
        # Arb encloses the true value in a ball: more bits until the ball is small enough. What was
        # enough is where the next point begins, for the bits needed grow with t only.
        nonlocal usual_bits
        bits = usual_bits
        while True:
            with flint.ctx.workprec(bits):
                ball: Any = getattr(flint.acb(sigma, t), name)()
            if not ball.is_finite():
                return None
            if ball.rel_accuracy_bits() >= RELATIVE_ACCURACY_BITS:
                usual_bits = min(bits, MAX_USUAL_BITS)
                return complex(ball)
            if bits >= MAX_PRECISION_BITS:  # a zero itself: no relative accuracy is ever enough
                return complex(ball)
            bits = bits + PRECISION_STEP_BITS if bits < MAX_USUAL_BITS else 2 * bits

    return value


def _by_mpmath(name: str, sigma: float) -> Function:
    import mpmath

    function = getattr(mpmath, name)

    def value(t: float) -> complex | None:
        try:
            return complex(function(mpmath.mpc(sigma, t)))
        except (ValueError, ZeroDivisionError, mpmath.libmp.NoConvergence):
            return None

    return value
