"""Offline rendering of a series to a sound file, against other ways to do it.

The series is a random walk (pitch), noise (duration) and the modulus of both (volume); each way
turns it into a WAV file, in a process of its own, and is timed without loading its code. Ours is
`streamson render`; it also reads the table. The others are astronify (PyPI; it plays pitch alone),
and the article's way, which appends one numpy sine after the other to a growing array and writes
that by scipy. Files lie in memory where there is /dev/shm: it is not the disk that is measured.

Holds where ours is 10 times as fast as astronify and 100 times as fast as the article's way in
seconds of sound a second, at 3,000 notes; where many more notes, short and at 8 kHz to keep the
file small, take no more time each, within 20 %; and where they take no more memory, within 50 MB.

    pip install streamson[bench]
    python scripts/bench/offline.py [--million]    # linear to 30,000 notes, or to a million
"""

import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from report import finish

RATE = 44_100
POINTS = 3_000
HOLDS = {"astronify": 10, "article": 100}
LINEAR_HOLD = 1.2
MEMORY_HOLD_MB = 50
SHORT_NOTES = """
[audio]
sample_rate = 8_000
[[part]]
stream = "*"
timing = "sequence"
pitch = { field = "re", scale = "c major", low = "G3", high = "C6", rescale = { window = "all" } }
duration = { field = "im", low = 0.01, high = 0.05, rescale = { window = "all" } }
volume = { field = "modulus", low = -36, high = -22, rescale = { window = "all" } }
"""
SEMITONES = [n for n in range(55, 85) if n % 12 in (0, 2, 4, 5, 7, 9, 11)]  # C major, G3 to C6


class Result(NamedTuple):
    """Seconds it took, seconds of sound that it made, and the most memory that it held."""

    elapsed: float
    sound: float
    memory_mb: float

    @property
    def speed(self) -> float:
        return self.sound / self.elapsed


def rows(points: int) -> Iterator[list[float]]:
    """Yield pitch, duration and volume of every point; memory does not grow with their number."""
    walk, noise, last = np.random.default_rng(0), np.random.default_rng(1), 0.0
    for first in range(0, points, 1_000):
        count = min(1_000, points - first)
        pitch, duration = last + walk.normal(size=count).cumsum(), noise.normal(size=count)
        last = pitch[-1]
        yield from np.stack((pitch, duration, np.hypot(pitch, duration)), 1).tolist()


def series(points: int) -> np.ndarray:
    """Return pitch, duration and volume, shape (3, points)."""
    return np.array(list(rows(points))).T


def unit(values: np.ndarray) -> np.ndarray:
    return (values - values.min()) / (values.max() - values.min())


def streamson(points: int, folder: Path, session: str = "article") -> tuple[float, float]:
    """Return seconds taken, and seconds of sound."""
    import soundfile

    from streamson.cli.render import command
    from streamson.synth.engine import Engine

    table, out = folder / "series.csv", folder / "out.wav"
    with table.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("re", "im", "modulus"))
        writer.writerows(rows(points))
    Engine(RATE)  # loads the machine code
    arguments = [str(table), "--session", session, "-o", str(out)]
    start = time.perf_counter()
    command.main(arguments, standalone_mode=False)
    return time.perf_counter() - start, soundfile.info(out).duration


def short_notes(points: int, folder: Path) -> tuple[float, float]:
    """Return seconds taken, and seconds of sound, both of ours."""
    session = folder / "short.toml"
    session.write_text(SHORT_NOTES)
    return streamson(points, folder, str(session))


def article(points: int, folder: Path) -> tuple[float, float]:
    """Return seconds taken, and seconds of sound."""
    from scipy.io import wavfile

    pitch, duration, modulus = series(points)
    start = time.perf_counter()
    midi = np.array(SEMITONES)[(0.999 * len(SEMITONES) * unit(pitch)).astype(int)]
    seconds = 0.1 + 0.4 * unit(duration)
    level = 500 + 2_000 * (1 - unit(modulus))
    wave = np.zeros(0)
    for i in range(points):
        moments = np.linspace(0, seconds[i], int(RATE * seconds[i]))
        sine = np.sin(2 * np.pi * 440 * 2 ** ((midi[i] - 69) / 12) * moments)
        wave = np.concatenate([wave, level[i] * sine])
    wavfile.write(folder / "out.wav", RATE, wave.astype(np.int16))
    return time.perf_counter() - start, len(wave) / RATE


def astronify(points: int, folder: Path) -> tuple[float, float]:
    """Return seconds taken, and seconds of sound."""
    from astronify.series import SoniSeries
    from astropy.table import Table

    table = Table({"time": np.arange(points) * 1.0, "flux": series(points)[0]})
    start = time.perf_counter()
    sonification = SoniSeries(table)
    sonification.note_spacing = 0.3
    sonification.sonify()
    sonification.write(str(folder / "out.wav"))
    elapsed = time.perf_counter() - start
    if not (folder / "out.wav").exists():
        raise SystemExit("astronify wrote nothing")
    return elapsed, points * 0.3


WAYS: dict[str, Callable[[int, Path], tuple[float, float]]] = {
    "streamson": streamson,
    "short notes": short_notes,
    "article": article,
    "astronify": astronify,
}


def run(way: str, points: int) -> Result:
    """Let a way run in a process of its own, which tells its time; its memory shows from here."""
    process = subprocess.Popen(
        [sys.executable, __file__, "--way", way, "--points", str(points)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    printed = process.stdout.read().splitlines()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{way} failed; is it installed? pip install streamson[bench]")
    elapsed, sound = json.loads(printed[-1])
    result = Result(elapsed, sound, usage.ru_maxrss / 1024)
    print(
        f"{way:11} {points:9,} notes {elapsed:9.2f} s for {sound:9.0f} s of sound"
        f" {result.speed:8.0f} x real time {result.memory_mb:6.0f} MB"
    )
    return result


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--million", action="store_true")
    parser.add_argument("--way", choices=WAYS, help=argparse.SUPPRESS)
    parser.add_argument("--points", type=int, default=POINTS)
    args = parser.parse_args()
    if args.way:
        in_memory = "/dev/shm" if Path("/dev/shm").is_dir() else None
        with tempfile.TemporaryDirectory(dir=in_memory) as folder:
            print(json.dumps(WAYS[args.way](args.points, Path(folder))), flush=True)
        os._exit(0)  # astronify's audio server does not always end by itself
    ours = run("streamson", args.points)
    ok, ratios = True, {}
    for way, hold in HOLDS.items():
        ratios[way] = ours.speed / run(way, args.points).speed
        print(f"{'':11} ours is {ratios[way]:.1f} times as fast; holds from {hold}")
        ok &= ratios[way] >= hold
    few, many = (10_000, 1_000_000) if args.million else (args.points, 10 * args.points)
    short, long = run("short notes", few), run("short notes", many)
    slower, more = long.elapsed / many / (short.elapsed / few), long.memory_mb - short.memory_mb
    print(f"{'':11} {slower:.2f} times the time a note, {more:+.0f} MB")
    ok &= slower <= LINEAR_HOLD and more <= MEMORY_HOLD_MB
    figure = round(ratios["astronify"], 1)
    return finish("offline", figure, "x astronify", HOLDS["astronify"], ok=ok)


if __name__ == "__main__":
    sys.exit(main())
