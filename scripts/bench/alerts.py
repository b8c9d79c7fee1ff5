"""Alerts: false ones as often as was asked, true ones by the rules of the Numenta benchmark, cost.

    python scripts/bench/alerts.py [FOLDER]

FOLDER holds tables (timestamp,value) and anomaly_windows.json; without it only calibration and cost
are measured. Noise of six kinds comes at three steps, and the alerts are counted relative to what
was asked: in the first five asked intervals, when a series is young, and after them. Holds where no
cell is beyond a factor of two once it is known (by more than chance), a point costs at most 20 us,
and the tables' score is 60 with 0.1 false alerts a day.

Rules of the score: Lavin and Ahmad, "Evaluating real-time anomaly detection algorithms", 2015,
standard profile.
"""

import csv
import json
import math
import sys
import time
from bisect import bisect_left
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from report import finish

from streamson.surprise.bank import Change, SurpriseBank

DAY, WEEK = 86_400.0, 604_800.0
CELLS = ((300.0, DAY), (300.0, WEEK), (60.0, DAY), (60.0, WEEK), (1.0, DAY), (1.0, WEEK))
"""Seconds between points, asked seconds between alerts."""

MIN_INTERVALS, MAX_INTERVALS, MAX_POINTS = 15, 100, 2_000_000
"""Of noise in a cell: so many asked intervals at most, or what fits into so many points, but not
fewer than the least."""

YOUNG_INTERVALS = 5

FACTOR = 2.0
MAX_COST_US = 20.0
MIN_SCORE, MAX_FALSE_A_DAY = 60.0, 0.1
FALSE_ALERT = 0.11

Column = NDArray[np.float64]
Window = tuple[float, float]

NOISE: dict[str, Callable[[np.random.Generator, int, float], Column]] = {
    "white": lambda random, n, _: random.normal(size=n),
    "random walk": lambda random, n, _: random.normal(size=n).cumsum(),
    "seasonal": lambda random, n, step: (
        3 * np.sin(2 * np.pi * np.arange(n) * step / DAY) + 0.5 * random.normal(size=n)
    ),
    "counts": lambda random, n, _: random.poisson(4, n).astype(float),
    "heavy tails": lambda random, n, _: random.standard_t(2, n),
    "constant": lambda random, n, _: np.where(random.random(n) < 0.02, random.normal(size=n), 0),
}


def alerts(values: Column, times: Column, interval_s: float) -> NDArray[np.intp]:
    """Return where alerts are raised."""
    bank = SurpriseBank(1)
    return np.flatnonzero(bank.update_batch(bank.add(interval_s), values, times) == Change.RAISED)


class Count(NamedTuple):
    """Alerts that noise raises, relative to what was asked, and how many were asked for."""

    young: float
    known: float
    asked: float


def counted(kind: str, step: float, interval_s: float) -> Count:
    asked = interval_s / step
    intervals = max(MIN_INTERVALS, min(MAX_INTERVALS, MAX_POINTS // asked))
    points = int(asked * intervals)
    values = NOISE[kind](np.random.default_rng(5), points, step)
    found = alerts(values, step * np.arange(points), interval_s) / asked
    known, rest = float((found >= YOUNG_INTERVALS).sum()), intervals - YOUNG_INTERVALS
    return Count((len(found) - known) / YOUNG_INTERVALS, known / rest, rest)


def calibrated() -> float:
    """Print how often noise raises alerts; return the greatest factor beyond chance."""
    print("alerts raised, relative to what was asked: while young; once known")
    heads = [f"{step:.0f} s, {'day' if asked == DAY else 'week'}" for step, asked in CELLS]
    print(f"{'':>12}", *(f"{head:>12}" for head in heads))
    worst = 1.0
    for kind in NOISE:
        counts = [counted(kind, *cell) for cell in CELLS]
        print(f"{kind:>12}", *(f"{one.young:6.1f}; {one.known:4.2f}" for one in counts), flush=True)
        for one in counts:
            chance = 2 / math.sqrt(one.asked)
            worst = max(worst, one.known - chance, 1 / (one.known + chance))
    return worst


def cost_us() -> tuple[float, float]:
    """Return microseconds of a point: one by one, and in a batch."""
    points = 20_000
    bank = SurpriseBank(1)
    slot = bank.add(WEEK)
    values, times = np.random.default_rng(1).normal(size=points), np.arange(float(points))
    bank.update_batch(slot, values, times)
    singles, batches = [], []
    for _ in range(5):
        start = time.perf_counter()
        for value, at in zip(values.tolist(), times.tolist(), strict=True):
            bank.update(slot, value, at)
        middle = time.perf_counter()
        bank.update_batch(slot, values, times)
        singles.append(middle - start)
        batches.append(time.perf_counter() - middle)
    return min(singles) / points * 1e6, min(batches) / points * 1e6


class Table(NamedTuple):
    times: Column
    values: Column
    windows: list[Window]


def seconds(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def tables(folder: Path) -> dict[str, Table]:
    """Return the tables by name, with the windows in which an alert is right."""
    found = {}
    for name, windows in json.loads((folder / "anomaly_windows.json").read_text()).items():
        rows = list(csv.DictReader((folder / name).open(newline="")))
        found[name] = Table(
            np.array([seconds(row["timestamp"]) for row in rows]),
            np.array([float(row["value"]) for row in rows]),
            [(seconds(first), seconds(last)) for first, last in windows],
        )
    return dict(sorted(found.items()))


def sigmoid(position: float) -> float:
    return -1.0 if position > 3 else 2 / (1 + math.exp(5 * position)) - 1


class Score(NamedTuple):
    raw: float
    windows: int
    hits: int
    false: int


def score(table: Table, rows: list[int]) -> Score:
    """Return the benchmark's score of alerts in a table."""
    times = table.times.tolist()
    probation = min(math.floor(0.15 * len(times)), 750)
    windows = [
        (bisect_left(times, first), bisect_left(times, last)) for first, last in table.windows
    ]
    gained = {window: -1.0 for window in windows if window[1] >= probation}
    cost, false = 0.0, 0
    for row in rows:
        if row < probation:
            continue
        inside = next((w for w in windows if w[0] <= row <= w[1]), None)
        if inside:
            first, last = inside
            early = sigmoid(-(last - row + 1) / (last - first + 1)) / sigmoid(-1.0)
            gained[inside] = max(gained[inside], early)
            continue
        false += 1
        past = [w for w in windows if w[1] < row]
        after = (row - past[-1][1]) / (past[-1][1] - past[-1][0]) if past else math.inf
        cost += FALSE_ALERT * sigmoid(after)
    hits = sum(value > -1 for value in gained.values())
    return Score(sum(gained.values()) + cost, len(gained), hits, false)


def scored(folder: Path) -> tuple[float, float]:
    """Print the score of the tables at one alert a week; return it, and false alerts a day."""
    whole = tables(folder)
    names = list(whole)
    found = {name: alerts(whole[name].values, whole[name].times, WEEK).tolist() for name in names}
    of = {name: score(whole[name], found[name]) for name in names}
    result = 0.0, 0.0
    parts = (("every other, for development", names[::2]), ("the others", names[1::2]))
    for part, some in (*parts, ("all", names)):
        raw, windows, hits, false = (sum(column) for column in zip(*map(of.get, some), strict=True))
        days = sum(np.ptp(whole[name].times) for name in some) / DAY
        result = 100 * (raw + windows) / (2 * windows), false / days
        print(
            f"{part:>30}: score {result[0]:5.1f}, windows {hits} of {windows},"
            f" {result[1]:.3f} false alerts a day"
        )
    return result


def main() -> int:
    worst = calibrated()
    single, batch = cost_us()
    print(f"{single:.2f} us a point one by one, {batch:.2f} us in a batch")
    ok = bool(worst <= FACTOR and single <= MAX_COST_US)
    if len(sys.argv) > 1:
        points, false = scored(Path(sys.argv[1]))
        ok = bool(ok and points >= MIN_SCORE and false <= MAX_FALSE_A_DAY)
    return finish("alerts", round(worst, 3), "factor beyond what was asked", FACTOR, ok=ok)


if __name__ == "__main__":
    sys.exit(main())
