"""The Dirichlet eta function at t = 4e5 by python-flint against mpmath.

Holds where flint is at least 50 times faster and both agree to 1e-12 of the modulus. The two take
turns over the same points; what is compared is the median of the ratios of the rounds.
"""

import statistics
import sys
import time
from collections.abc import Callable

from report import finish

from streamson.producers.formula.dirichlet import dirichlet_function

HOLD = 50
AGREEMENT = 1e-12
ROUNDS = 5
POINTS = 10


def seconds_a_point(function: Callable[[float], complex | None], points: list[float]) -> float:
    start = time.perf_counter()
    for t in points:
        function(t)
    return (time.perf_counter() - start) / len(points)


def main() -> int:
    flint = dirichlet_function("eta", 0.5, "flint")
    mpmath = dirichlet_function("eta", 0.5, "mpmath")
    differences, rounds = [], []
    for number in range(ROUNDS):
        points = [400_000 + (number * POINTS + k) * 20 / 300 for k in range(POINTS)]
        differences += [abs(flint(t) - mpmath(t)) / abs(flint(t)) for t in points]
        rounds.append((seconds_a_point(flint, points), seconds_a_point(mpmath, points)))
    fast, slow = (statistics.median(column) for column in zip(*rounds, strict=True))
    ratio = statistics.median(b / a for a, b in rounds)
    print(f"flint   {1e3 * fast:8.3f} ms a point")
    print(f"mpmath  {1e3 * slow:8.3f} ms a point")
    print(f"ratio   {ratio:8.1f}    largest relative difference {max(differences):.1e}")
    ok = ratio >= HOLD and max(differences) <= AGREEMENT
    return finish("eta", round(ratio, 1), "x mpmath", HOLD, ok=ok)


if __name__ == "__main__":
    sys.exit(main())
