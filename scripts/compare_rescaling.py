"""Compare ways of rescaling on tables of live metrics; the output is docs/rescaling.md's table.

    python scripts/compare_rescaling.py TABLE.csv ...

The scale is the one that live parts have by default, 30 semitones; the first hundred points do not
count. For each table and way:

- information: what a note says of the place of its value among the 300 around it, as a share of
  what 13 notes could say: mutual information of both in 13 equal parts.
- re-pitched: share of the values that would move by two notes or more within the next 50 points,
  though they did not change.
- spike: how many notes higher than the 95 % quantile of the last 1,000 stands what is just beyond
  Tukey's far-out fence, and beyond that quantile; the median of a look each 200 points.
- step: notes between one value and the next, on average.
- first: rank correlation of the first 50 values and their notes.
- course: rank correlation of all values and their places: whether the level of hours is heard too.
"""

import argparse
import statistics
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr

from streamson.formats.table import Table
from streamson.model.counts import ScoreCounts
from streamson.rescaling.adaptive import AdaptiveRange
from streamson.rescaling.extents import FAR_OUT
from streamson.rescaling.field_hints import FieldHints
from streamson.rescaling.normalize import Window
from streamson.rescaling.rescaler import RangeRescaler, Rescaler, make_rescaler
from streamson.rescaling.spec import Rescale
from streamson.score.parts.mapping import equal_steps
from streamson.session.schema import DEFAULT_NOTES

NOTES = len(DEFAULT_NOTES)
STEP_OF = equal_steps(range(NOTES))
FIRST = 100
NEWCOMER = 50
AHEAD = 50
AROUND = 150
PARTS = 13
LOOK_EACH = 200
LOOK_BACK = 1_000
MORE = 0.3
"""Of the distance from the median to the 95 % quantile: at least so far beyond it is a spike."""

Values = NDArray[np.float64]

WAYS: dict[str, Callable[[], Rescaler]] = {
    "global min-max": lambda: make_rescaler(Rescale("minmax", Window())),
    "rolling min-max, 300": lambda: make_rescaler(Rescale("minmax", Window(points=300))),
    "rank, 300": lambda: make_rescaler(Rescale("rank", Window(points=300))),
    "1 % to 99 %": lambda: RangeRescaler(AdaptiveRange(FieldHints()), 0.0, ScoreCounts()),
    "equalize, 5,000": lambda: make_rescaler(Rescale("equalize", Window(points=5_000))),
    "live default": lambda: make_rescaler(Rescale()),
}


class Figures(NamedTuple):
    """What was measured of a table, rescaled in one way."""

    information: float
    re_pitched: float
    spike: float
    step: float
    first: float
    course: float


def part_of(places: Values) -> NDArray[np.int64]:
    return np.minimum((places * PARTS).astype(int), PARTS - 1)


def around(values: Values) -> Values:
    """Return the place of each value among those around it."""
    places = np.empty(len(values))
    for i, value in enumerate(values):
        near = values[max(0, i - AROUND) : i + AROUND + 1]
        places[i] = (np.mean(near < value) + np.mean(near <= value)) / 2
    return places


def information(one: Values, other: Values) -> float:
    together = np.zeros((PARTS, PARTS))
    np.add.at(together, (part_of(one), part_of(other)), 1 / len(one))
    apart = together.sum(1, keepdims=True) * together.sum(0, keepdims=True)
    there = together > 0
    shared = together[there] * np.log(together[there] / apart[there])
    return float(shared.sum() / np.log(PARTS))


def note(place: float) -> int:
    return int(STEP_OF(place))


def spike(rescaler: Rescaler, last: Values) -> float:
    """Return by how many notes a spike stands out at this moment."""
    lower, middle, upper, high = np.quantile(last, (0.25, 0.5, 0.75, 0.95))
    beyond = max(upper + FAR_OUT * (upper - lower), high + MORE * (high - middle))
    places = [rescaler.place(value) for value in (float(high), float(np.nextafter(beyond, np.inf)))]
    return np.nan if any(map(np.isnan, places)) else note(places[1]) - note(places[0])


def measure(values: Values, rescaler: Rescaler, neighbours: Values) -> Figures:
    places = np.empty(len(values))
    notes: list[int] = []
    moved = np.zeros(len(values), bool)
    spikes = []
    for i, value in enumerate(values.tolist()):
        places[i] = rescaler.rescale(value, 0.0)
        notes.append(note(places[i]))
        for k in range(max(0, i - AHEAD), i):
            if not moved[k] and abs(note(rescaler.place(float(values[k]))) - notes[k]) >= 2:
                moved[k] = True
        if i > FIRST and i % LOOK_EACH == 0:
            spikes.append(spike(rescaler, values[max(0, i - LOOK_BACK) : i + 1]))
    known = [found for found in spikes if not np.isnan(found)]
    varies = len(set(notes[:NEWCOMER])) > 1
    return Figures(
        information(places[FIRST:], neighbours[FIRST:]),
        float(moved[FIRST:-AHEAD].mean()),
        statistics.median(known) if known else np.nan,
        float(np.abs(np.diff(notes[FIRST:])).mean()),
        spearmanr(values[:NEWCOMER], notes[:NEWCOMER])[0] if varies else np.nan,
        spearmanr(values[FIRST:], places[FIRST:])[0] if len(set(notes[FIRST:])) > 1 else np.nan,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tables", nargs="+", type=Path, metavar="TABLE")
    print("| table | rescaling | information | re-pitched | spike | step | first | course |")
    print("|---|---|---|---|---|---|---|---|")
    for path in parser.parse_args().tables:
        table = Table(path)
        values = np.array([fields[table.columns[0]] for fields, _ in table.rows()])
        values = values[np.isfinite(values)]
        neighbours = around(values)
        for name, make in WAYS.items():
            found = measure(values, make(), neighbours)
            print(
                f"| {path.stem} | {name} | {found.information:.2f} | {found.re_pitched:.1%} "
                f"| {found.spike:.0f} | {found.step:.1f} | {found.first:.2f} "
                f"| {found.course:.2f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
