"""From the sound alone, bands are named rightly: the benchmark, on one table."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_bands_are_heard_in_notes_of_any_length_and_instrument():
    table = ROOT / "tests" / "data" / "nab" / "rds_cpu_e47b3b_part.csv"
    bench = ROOT / "scripts" / "bench" / "bands.py"
    done = subprocess.run(
        [sys.executable, bench, "--tables", f"{table}:20:28", "--lengths", "0.15", "0.25"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    *lines, last = done.stdout.splitlines()
    assert json.loads(last)["figure"] >= 0.98
    for line in lines[1:]:
        name, length_s, _, heard, _, bands, _, by_pitch, *_ = line.split()
        assert name == table.stem
        assert float(heard) >= 95, f"notes of {length_s} s"
        assert float(bands) > 90 > float(by_pitch) + 10
