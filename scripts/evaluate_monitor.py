"""Evaluate the alerts of the preset `monitor` on tables whose anomalies are known.

    python scripts/evaluate_monitor.py WINDOWS.json TABLE.csv ...

WINDOWS.json holds, for each table's name, the windows in which experts found an anomaly, as the
Numenta Anomaly Benchmark has them. The output is docs/rescaling.md's table: in how many windows
there was an alert, how many alerts were in none, for each day of data, and what share of the time
outside of the windows an alert was active.
"""

import argparse
import json
from datetime import UTC, datetime
from pathlib import Path

from streamson.formats.table import Table
from streamson.model.point import DataPoint
from streamson.score.score import Score
from streamson.session.load import load_session

DAY_S = 86_400


def seconds(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def alerts_of(table: Table) -> tuple[list[float], list[float], list[bool]]:
    """Return the times of the points, those of the alerts, and whether one was active."""
    score = Score(load_session("monitor"))
    times, raised, active = [], [], []
    for i, (fields, time) in enumerate(table.rows()):
        before = score.counts.alerts
        score.process(DataPoint(table.name, fields, time), i * 44_100)
        times.append(time)
        active.append(score.alerts_active > 0)
        if score.counts.alerts > before:
            raised.append(time)
    return times, raised, active


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("windows", type=Path, metavar="WINDOWS.json")
    parser.add_argument("tables", nargs="+", type=Path, metavar="TABLE.csv")
    given = parser.parse_args()
    known = json.loads(given.windows.read_text())
    print("| table | days | windows with an alert | other alerts a day | otherwise active |")
    print("|---|---|---|---|---|")
    for path in given.tables:
        times, raised, active = alerts_of(Table(path))
        windows = [(seconds(first), seconds(last)) for first, last in known[path.name]]

        def inside(time: float, windows: list[tuple[float, float]] = windows) -> bool:
            return any(first <= time <= last for first, last in windows)

        days = (times[-1] - times[0]) / DAY_S
        hits = sum(any(first <= time <= last for time in raised) for first, last in windows)
        others = sum(not inside(time) for time in raised) / days
        outside = [on for time, on in zip(times, active, strict=True) if not inside(time)]
        share = sum(outside) / len(outside)
        print(
            f"| {path.stem} | {days:.0f} | {hits} of {len(windows)} | {others:.2f} | {share:.1%} |"
        )


if __name__ == "__main__":
    main()
