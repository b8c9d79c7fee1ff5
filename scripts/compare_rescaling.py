"""Compare ways of rescaling on tables of live metrics; the output is docs/rescaling.md's table.

    python scripts/compare_rescaling.py TABLE.csv ...

For each table and way: the normalised entropy of the notes that its values get (1: all notes of the
scale are played as often), how many of its values would be re-pitched by two notes or more within
the next 50 points though they did not change, and the share of values outside the range. The scale
is the one that live parts have by default.
"""

import argparse
import math
from collections import Counter
from pathlib import Path

from streamson.formats.table import Table
from streamson.model.counts import ScoreCounts
from streamson.rescaling.extents import Extent
from streamson.rescaling.normalize import Range, Window, normalize
from streamson.rescaling.rescaler import make_rescaler
from streamson.rescaling.spec import Rescale
from streamson.score.mapping import equal_steps
from streamson.session.schema import DEFAULT_NOTES

NOTES = len(DEFAULT_NOTES)
STEP_OF = equal_steps(range(NOTES))
AHEAD = 50

WAYS = {
    "global min-max": Rescale("minmax", Window()),
    "rolling min-max, 300": Rescale("minmax", Window(points=300)),
    "quantiles of 1,000": Rescale("quantile", Window(points=1_000)),
    "live default": Rescale(),
    "a table's default": Rescale(),
}


def note(value: float, low: float, high: float) -> int:
    return int(STEP_OF(normalize(value, low, high)))


def entropy(notes: list[int]) -> float:
    shares = [count / len(notes) for count in Counter(notes).values()]
    return sum(share * -math.log(share) for share in shares) / math.log(NOTES)


def re_pitched(values: list[float], ranges: list[Range], notes: list[int]) -> int:
    return sum(
        any(abs(note(values[i], *ranges[k]) - notes[i]) >= 2 for k in range(i + 1, i + 1 + AHEAD))
        for i in range(len(values) - AHEAD)
    )


def extent_of(values: list[float]) -> Extent:
    extent = Extent()
    for value in values:
        extent.add(value)
    return extent


def compare(values: list[float], way: Rescale, *, live: bool) -> tuple[float, int, float]:
    counts = ScoreCounts()
    extent = None if live else extent_of(values)
    rescaler = make_rescaler(way, counts=counts, extent=extent)
    notes, ranges = [], []
    for value in values:
        notes.append(int(STEP_OF(rescaler.rescale(value, 0.0))))
        ranges.append(rescaler.range)
    return entropy(notes), re_pitched(values, ranges, notes), counts.values_clamped / len(values)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tables", nargs="+", type=Path, metavar="TABLE")
    print("| table | rescaling | entropy | re-pitched | outside |")
    print("|---|---|---|---|---|")
    for path in parser.parse_args().tables:
        table = Table(path)
        values = [fields[table.columns[0]] for fields, _ in table.rows()]
        for name, way in WAYS.items():
            found, moved, outside = compare(values, way, live=name == "live default")
            print(f"| {path.stem} | {name} | {found:.2f} | {moved} | {outside:.1%} |")


if __name__ == "__main__":
    main()
