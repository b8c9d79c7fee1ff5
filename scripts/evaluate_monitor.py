"""Evaluate the alerts of the preset `monitor` on tables whose anomalies are known.

    python scripts/evaluate_monitor.py WINDOWS.json TABLE.csv ...

WINDOWS.json holds, for each table's name, the windows in which experts found an anomaly, as the
Numenta Anomaly Benchmark has them. The output is docs/alerts.md's table: in how many windows there
was an alert, how many alerts were in none, for each day of data, and how many of those were of
streams that fell silent.
"""

import argparse
import json
from datetime import UTC, datetime
from pathlib import Path

from streamson.offline.past_inputs import PastTable
from streamson.session.load import load_session


def seconds(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("windows", type=Path, metavar="WINDOWS.json")
    parser.add_argument("tables", nargs="+", type=Path, metavar="TABLE.csv")
    given = parser.parse_args()
    known = json.loads(given.windows.read_text())
    session = load_session("monitor")
    print("| table | days | windows with an alert | other alerts a day | of these, silences |")
    print("|---|---|---|---|---|")
    for path in given.tables:
        past = PastTable(path, session)
        alerts = list(past.alerts())
        windows = [(seconds(first), seconds(last)) for first, last in known[path.name]]
        hits = sum(any(first <= alert.time <= last for alert in alerts) for first, last in windows)
        others = [
            alert
            for alert in alerts
            if not any(first <= alert.time <= last for first, last in windows)
        ]
        silent = sum(alert.kind == "silent" for alert in others)
        ((_, days),) = past.streams.values()
        rate = len(others) / days
        print(f"| {path.stem} | {days:.0f} | {hits} of {len(windows)} | {rate:.2f} | {silent} |")


if __name__ == "__main__":
    main()
