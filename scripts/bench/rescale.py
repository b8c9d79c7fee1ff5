"""Cost of rescaling a point, for windows from 10 to 1,000,000 points.

Holds where the dearest window costs at most 1.2 times the cheapest, over random, rising and
falling values. The windows take turns in short slices of the same run, so that a machine that
slows down for a while slows them all; what is compared is the median of each window's cost relative
to the mean of its round.
"""

import gc
import random
import statistics
import sys
import time
from collections.abc import Callable
from typing import NamedTuple

from report import finish

from streamson.rescaling.minmax import RollingMinMaxByCount, RollingMinMaxByTime
from streamson.rescaling.normalize import Window
from streamson.rescaling.rescaler import Rescaler, make_rescaler
from streamson.rescaling.spec import Rescale

WINDOWS = (10, 1_000, 100_000, 1_000_000)
SLICE_POINTS = 2_000
SLICES = 101
HOLD = 1.2

SERIES: dict[str, Callable[[int], float]] = {
    "random": lambda _: random.random(),
    "rising": float,  # the lowest candidates fill the window: the most memory a window can take
    "falling": lambda i: -float(i),
}


def mode(name: str) -> Callable[[int], Rescaler]:
    return lambda points: make_rescaler(
        Rescale(name, Window(points=points), half_life=float(points))
    )


KINDS: dict[str, Callable[[int], Rescaler]] = {
    "minmax": RollingMinMaxByCount,
    "minmax, seconds": RollingMinMaxByTime,
    "quantile": mode("quantile"),
    "rank": mode("rank"),
    "equalize": mode("equalize"),
    "decay": mode("decay"),
    "zscore": mode("zscore"),
}


class Runner:
    """A window that is full, and the points that go on into it."""

    def __init__(self, rescaler: Rescaler, series: Callable[[int], float], window: int) -> None:
        self.costs_us: list[float] = []
        self._rescale = rescaler.rescale
        self._series = series
        self._at = 0
        while self._at <= window:
            self._run()

    def _run(self) -> float:
        numbers = range(self._at, self._at + SLICE_POINTS)
        values, times = [self._series(i) for i in numbers], [float(i) for i in numbers]
        self._at += SLICE_POINTS
        rescale = self._rescale
        start = time.perf_counter()
        for value, at in zip(values, times, strict=True):
            rescale(value, at)
        return (time.perf_counter() - start) / SLICE_POINTS * 1e6

    def measure(self) -> None:
        self.costs_us.append(self._run())


class Comparison(NamedTuple):
    costs_us: list[float]
    ratio: float


def compare(make: Callable[[int], Rescaler], series: Callable[[int], float]) -> Comparison:
    """Return the median cost of a point for each window, and dearest over cheapest."""
    runners = [Runner(make(window), series, window) for window in WINDOWS]
    for _ in range(SLICES):
        for runner in random.sample(runners, len(runners)):  # no window always follows the largest
            runner.measure()
    rounds = zip(*(runner.costs_us for runner in runners), strict=True)
    relative = [[cost / statistics.fmean(costs) for cost in costs] for costs in rounds]
    shares = [statistics.median(window) for window in zip(*relative, strict=True)]
    costs_us = [statistics.median(runner.costs_us) for runner in runners]
    return Comparison(costs_us, max(shares) / min(shares))


def main() -> int:
    random.seed(1)
    print("microseconds a point, median")
    print(f"{'window':>23}", *(f"{window:>11,}" for window in WINDOWS), f"{'max/min':>9}")
    ratios = []
    for kind, make in KINDS.items():
        for name, series in SERIES.items():
            gc.collect()
            gc.freeze()  # a collection would count for the window that happens to be running
            costs_us, ratio = compare(make, series)
            ratios.append(ratio)
            print(f"{kind:>15} {name:>7}", *(f"{c:11.3f}" for c in costs_us), f"{ratio:9.2f}")
    figure = round(max(ratios), 3)
    return finish("rescale", figure, "max/min cost", HOLD, ok=figure <= HOLD)


if __name__ == "__main__":
    sys.exit(main())
