"""How true the tune is to the data: rank correlation of values and pitches, by default.

Each table is played without a session: as a whole, which is the default, and as a live listener
would (`--online`), of which the first hundred points do not count. Made tables are of many kinds;
tables of others, whose first column of numbers is played, are named on the command line. Beside
them what the simplest calls of astronify and STRAUSS (PyPI) play of the same values, where those
are installed. At an end: notes that are the lowest or the highest.

Holds where each table keeps the order of its values: offline 0.99 within the ends, online 0.95, and
for tables of heavy tails 0.95 and 0.85. Two kinds are told and not held to a figure: where half of
the values share three notes, for a scale has no more (dense), and online where the first hundred
values knew little of the range (wanders).

    pip install streamson[bench]
    python scripts/bench/faithful.py [TABLE.csv ...]
"""

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from report import finish
from scipy.stats import kurtosis, spearmanr

FIRST = 100
HEAVY = 10.0
"""Excess kurtosis from which on tails are heavy; of a normal distribution 0, exponential 6."""

WANDERS = 0.25
"""Share of the range that lies beyond what the first hundred values were in."""

DENSE = 0.5
DENSE_NOTES = 3
"""Half of the values share so few notes."""

HOLD = {False: (0.99, 0.95), True: (0.95, 0.85)}
PEERS = ("astronify", "strauss")

Values = NDArray[np.float64]


def made() -> dict[str, Values]:
    """Return tables of different nature."""
    random = np.random.default_rng(11)
    steps = np.arange(3_000.0)
    daily = 60 + 25 * np.sin(2 * np.pi * steps / 288)
    gaps = daily + random.normal(size=3_000)
    gaps[random.random(3_000) < 0.1] = math.nan
    return {
        "ramp": steps[:60],
        "sine": np.sin(steps / 40),
        "steps": np.repeat([20.0, 21.0, 24.0, 22.0] * 8, 90),
        "noise": random.normal(size=3_000),
        "spikes": np.where(random.random(3_000) < 0.005, 500.0, daily),
        "a day's course": daily + random.normal(0, 3, 3_000),
        "gaps": gaps,
        "waiting times": random.exponential(size=3_000),
        "heavy tails": random.pareto(1.5, 3_000),
        "constant": np.full(500, 45.0),
        "counter": np.cumsum(random.poisson(4, 3_000)).astype(float),
        "wandering": 100 + np.cumsum(random.normal(size=3_000)),
    }


def read(path: Path) -> Values:
    """Return the first column of numbers of a table."""
    from streamson.formats.table import Table

    table = Table(path)
    return np.array([fields[table.columns[0]] for fields, _ in table.rows()])


def ours(values: Values, *, online: bool) -> Values:
    """Return the pitch that each value gets by default; NaN for none."""
    from streamson.formats.table import Table
    from streamson.offline.scored_table import ScoredTable
    from streamson.session.load import load_session

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.csv"
        path.write_text("value\n" + "".join(f"{v:.17g}\n" for v in values))
        rows = ScoredTable(Table(path), load_session(), sample_rate=44_100, online=online).rows()
        return np.array([row.notes[0].midi_note if row.notes else math.nan for row in rows])


def astronify(values: Values) -> Values:
    from astronify.series import SoniSeries
    from astropy.table import Table

    series = SoniSeries(Table({"time": np.arange(len(values)) * 1.0, "flux": values}))
    series.sonify()
    return np.asarray(series.data["asf_pitch"], float)


def strauss(values: Values) -> Values:
    from strauss.generator import Synthesizer
    from strauss.score import Score
    from strauss.sonification import Sonification
    from strauss.sources import Events

    played: list[float] = []

    class Noted(Synthesizer):  # type: ignore[misc]
        """Notes what it is told to play, and is silent."""

        def play(self, mapping: dict[str, object]) -> object:
            from strauss.notes import parse_note
            from strauss.stream import Stream

            played.append(parse_note(mapping["note"]))
            silence = Stream(1, self.samprate, ltype="samples")
            silence.get_sampfracs()
            return silence

    data = {"pitch": values, "time": np.arange(len(values))}
    events = Events(data.keys())
    events.fromdict(data)
    events.apply_mapping_functions(map_lims={"time": ("0%", "105%"), "pitch": ("0%", "100%")})
    notes = [[f"{name}{octave}" for octave in (3, 4, 5) for name in "CDEFGAB"]]
    Sonification(Score(notes, 10), events, Noted(), "stereo").render()
    return np.array(played)


WAYS: dict[str, Callable[[Values], Values]] = {"astronify": astronify, "strauss": strauss}


def peer(way: str, values: Values) -> float:
    """Return another program's rank correlation, from a process of its own; NaN without it."""
    asked = subprocess.run(
        [sys.executable, __file__, "--way", way],
        input=json.dumps(values.tolist()),
        capture_output=True,
        text=True,
        check=False,
    )
    if asked.returncode:
        return math.nan
    return correlation(values, np.array(json.loads(asked.stdout.splitlines()[-1])))


def correlation(values: Values, pitches: Values) -> float:
    """Return the rank correlation; that of a constant with one note is 1."""
    known = np.isfinite(values) & np.isfinite(pitches)
    values, pitches = values[known], pitches[known]
    if len(set(values)) == 1:
        return float(len(set(pitches)) == 1)
    return float(spearmanr(values, pitches)[0]) if len(set(pitches)) > 1 else 0.0


class Figures(NamedTuple):
    """What was measured of a table."""

    offline: float
    online: float
    at_end: float
    online_at_end: float
    heavy: bool
    wanders: bool
    dense: bool

    @property
    def hold(self) -> bool:
        offline, online = HOLD[self.heavy]
        if self.dense:
            return True
        return self.offline >= offline and (self.wanders or self.online >= online)


def measure(values: Values) -> Figures:
    """Return the figures of a table."""
    from streamson.rescaling.extents import Extent

    finite = values[np.isfinite(values)]
    extent = Extent()
    for value in finite:
        extent.add(float(value))
    low, high = extent.robust
    inside = np.where((values >= low) & (values <= high), values, math.nan)
    whole, live = ours(values, online=False), ours(values, online=True)
    later = slice(min(FIRST, len(values) // 2), None)
    return Figures(
        correlation(inside, whole),
        correlation(values[later], live[later]),
        at_end(whole),
        at_end(live[later]),
        len(set(finite)) > 1 and float(kurtosis(finite)) > HEAVY,
        wandering(finite) > WANDERS,
        density(whole) > DENSE,
    )


def at_end(pitches: Values) -> float:
    played = pitches[np.isfinite(pitches)]
    if len(set(played)) == 1:
        return 0.0
    return float(np.mean((played == played.min()) | (played == played.max())))


def density(pitches: Values) -> float:
    """Return the share of the notes that are neighbours, of so many, where most are."""
    played = np.sort(pitches[np.isfinite(pitches)])
    if len(set(played)) <= DENSE_NOTES:
        return 0.0
    neighbours = np.searchsorted(played, played + DENSE_NOTES - 0.5) - np.arange(len(played))
    return float(neighbours.max() / len(played))


def wandering(values: Values) -> float:
    """Return how much of the range lies beyond what the first hundred values were in."""
    first = values[: min(FIRST, len(values) // 2)]
    low, high = np.quantile(values, (0.02, 0.98))
    beyond = max(high - first.max(), 0.0) + max(first.min() - low, 0.0)
    return float(beyond / max(high - low, 1e-300))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tables", nargs="*", type=Path, metavar="TABLE")
    parser.add_argument("--way", choices=WAYS, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.way:
        values = np.array(json.loads(sys.stdin.read()))
        print()
        print(json.dumps(WAYS[args.way](values).tolist()), flush=True)
        os._exit(0)  # astronify's audio server does not always end by itself
    tables = {**made(), **{path.stem: read(path) for path in args.tables}}
    print(
        f"{'table':36} {'points':>6} {'offline':>8} {'at end':>7} {'online':>7} {'at end':>7}",
        end="",
    )
    print("".join(f" {name:>9}" for name in PEERS))
    least, ok = 1.0, True
    for name, values in tables.items():
        found = measure(values)
        finite = values[np.isfinite(values)]
        print(
            f"{name[:36]:36} {len(values):6} {found.offline:8.3f} {found.at_end:7.1%} "
            f"{found.online:7.3f} {found.online_at_end:7.1%}"
            + "".join(f" {peer(way, finite):9.3f}" for way in PEERS)
            + "  heavy" * found.heavy
            + "  wanders" * found.wanders
            + "  dense" * found.dense
            + "  DOES NOT HOLD" * (not found.hold),
            flush=True,
        )
        ok &= found.hold
        if not found.dense:
            least = min(least, found.offline / HOLD[found.heavy][0])
    return finish("faithful", round(least, 3), "of the hold, the least", 1.0, ok=ok)


if __name__ == "__main__":
    sys.exit(main())
