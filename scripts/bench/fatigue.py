"""An hour listened to by measurement: how loud, sharp, rough and restless the sessions sound.

Played, as live: an hour of what `streamson produce system` measures (tests/data/system_hour.csv.gz:
seven streams, of which four are in front and the others a bed; or the first four alone), and, where
tables are given, the last column of each as one stream, three points a second, an hour at most.
Loudness, its swing, what is lost in mono, jumps and clicks are those of the whole; sharpness,
roughness and fluctuation, which take long to compute, those of windows of five seconds, spread
evenly: mean and worst. STRAUSS and astronify play the numbers of the same windows at the same
pace, one window after the other, where they are installed (`--peers PYTHON`, of an environment of
their own): of each stream its first field, and all streams added up, for both play one series. All
sounds are brought to -23 LUFS before their sharpness and roughness are compared.

Holds where without a session, and with each preset, the four streams sound at -23 LUFS within 1, no
sound is sharper or rougher than both peers on the same data, mono loses at most 1 LU, nothing
clicks, and no end of a register is louder by half than its middle and those of others, in sones
(ISO 532-1).

    pip install "streamson[test]"
    python scripts/bench/fatigue.py [--tables FILE ...] [--peers PYTHON] [--sessions NAME ...]
"""

import argparse
import csv
import gzip
import math
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Final, NamedTuple

import msgspec
import numpy as np
import soundfile
from numpy.typing import NDArray
from report import finish
from scipy.signal import resample_poly
from sound_quality import LOUDNESS, RATE, Listener, Quality, sharpness_of, sones_of

from streamson.model.event.streams import StreamForward
from streamson.model.point import DataPoint
from streamson.offline.loudest_mix import heard_at_once, mixes
from streamson.offline.realtime import play_in_realtime
from streamson.offline.render import render_notes
from streamson.score.score import Score
from streamson.session.load import load_session
from streamson.session.schema import Session

DATA: Final = Path(__file__).parents[2] / "tests" / "data"
HOUR: Final = DATA / "system_hour.csv.gz"
ARTICLE: Final = DATA / "article_eta_300.csv"
SESSIONS: Final = ("", "drone", "geiger", "monitor", "orchestra", "sensor")
OF_THE_ARTICLE: Final = ("demo", "article")
FEW: Final = ("cpu", "memory", "disk", "network")
WINDOW_S: Final = 5
TABLE_STEP_S: Final = 1 / 3
TABLE_POINTS: Final = 10_800
CLICKING: Final = "geiger"
"""Every note of it is a click."""

PEERS: Final = ("strauss", "astronify")
LOUDER: Final = 1.5
"""Of loudness in sones: six phon, which is noticed, and far from twice as loud."""


Sound = NDArray[np.float64]
Timed = tuple[int, DataPoint]


class Data(NamedTuple):
    """Points in their order, with the frames at which they come; and what peers play of them."""

    name: str
    points: list[Timed]
    series: list[NDArray[np.float64]]
    step_s: float

    @property
    def seconds(self) -> int:
        return int(len(self.series[0]) * self.step_s)

    def starts_s(self, windows: int) -> list[int]:
        """Return where windows begin that are spread evenly, and do not overlap."""
        windows = min(windows, self.seconds // WINDOW_S)
        return [int((i + 0.5) * self.seconds / windows - WINDOW_S / 2) for i in range(windows)]


def system_hour(streams: Sequence[str], name: str) -> Data:
    """Return the hour, or some of its streams, a point a second each."""
    with gzip.open(HOUR, "rt", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    points: list[Timed] = []
    for second, row in enumerate(rows):
        of_streams: dict[str, dict[str, float]] = {}
        for column, text in row.items():
            stream, _, field = column.rpartition(".")
            if not streams or stream.partition("/")[2] in streams:
                of_streams.setdefault(stream, {})[field] = float(text)
        for stream, fields in of_streams.items():
            points.append((second * RATE, DataPoint(stream, fields, float(second))))
    leading = {point.stream: next(iter(point.fields)) for _, point in points}
    series = [
        np.array([float(row[f"{stream}.{field}"]) for row in rows])
        for stream, field in leading.items()
    ]
    return Data(name, points, series, 1.0)


def table(path: Path) -> Data:
    """Return the last column of a table as one stream."""
    with path.open(newline="", encoding="utf-8") as file:
        values = [float(row[-1]) for row in list(csv.reader(file))[1:]][:TABLE_POINTS]
    points = [
        (round(i * TABLE_STEP_S * RATE), DataPoint("table", {"value": value}, i * TABLE_STEP_S))
        for i, value in enumerate(values)
    ]
    return Data(path.stem, points, [np.array(values)], TABLE_STEP_S)


def article() -> Data:
    """Return the article's values, as fast as a preset plays them."""
    with ARTICLE.open(newline="", encoding="utf-8") as file:
        rows = [{key: float(value) for key, value in row.items()} for row in csv.DictReader(file)]
    points = [
        (round(i * 0.3 * RATE), DataPoint("eta", fields, i * 0.3)) for i, fields in enumerate(rows)
    ]
    return Data("article", points, [np.array([row["re"] for row in rows])], 0.3)


class Played(NamedTuple):
    """What a session makes of data: how it sounds, and how often a stream comes forward."""

    quality: Quality
    came_forward: int


def play(session: Session, data: Data, windows: int) -> Played:
    """Play data as a listener would, and listen to all of it."""
    events: list[object] = []
    score = Score(session, sample_rate=RATE, on_event=events.append)
    notes = play_in_realtime(data.points, score, sample_rate=RATE)
    blocks = render_notes(notes, session, sample_rate=RATE)
    listener = Listener(data.starts_s(windows), WINDOW_S)
    for second in islice(_seconds(blocks), data.seconds):
        listener.take(second)
    forward = sum(isinstance(event, StreamForward) for event in events)
    return Played(listener.quality(), forward)


def _seconds(blocks: Iterable[NDArray[np.float32]]) -> Iterator[Sound]:
    """Yield sound a second at a time, with silence behind it without end."""
    waiting = np.zeros((0, 2))
    for block in blocks:
        waiting = np.concatenate([waiting, block])
        while len(waiting) >= RATE:
            yield waiting[:RATE]
            waiting = waiting[RATE:]
    yield np.concatenate([waiting, np.zeros((RATE - len(waiting), 2))])
    while True:
        yield np.zeros((RATE, 2))


def peer(python: str, name: str, data: Data, windows: int) -> Quality:
    """Return how another program's rendering of the windows' numbers sounds."""
    starts = data.starts_s(windows)
    points = round(WINDOW_S / data.step_s)
    mixed = np.zeros((len(starts) * WINDOW_S * RATE, 2))
    for series in data.series:
        firsts = [round(start / data.step_s) for start in starts]
        some = np.concatenate([series[first:][:points] for first in firsts])
        sound = _peer_sound(python, name, some, data.step_s)[: len(mixed)]
        mixed[: len(sound)] += sound
    listener = Listener([i * WINDOW_S for i in range(len(starts))], WINDOW_S)
    for second in np.split(mixed, len(starts) * WINDOW_S):
        listener.take(second)
    return listener.quality()


def _peer_sound(python: str, name: str, values: NDArray[np.float64], step_s: float) -> Sound:
    with tempfile.TemporaryDirectory() as folder:
        source, out = Path(folder, "values.npy"), Path(folder, "out.wav")
        np.save(source, values)
        script = Path(__file__).with_name("peer_sound.py")
        command = [python, str(script), name, str(source), str(step_s), str(out)]
        subprocess.run(command, check=True, capture_output=True, cwd=folder)
        sound, rate = soundfile.read(out, always_2d=True)
    if rate != RATE:
        sound = resample_poly(sound, RATE, rate, axis=0)
    return np.repeat(sound, 2, axis=1)[:, :2] if sound.shape[1] == 1 else sound


class End(NamedTuple):
    """How an end of a register sounds beside its middle."""

    louder: float
    sharpness_acum: float


def ends(session: Session) -> Iterator[tuple[str, End]]:
    """Yield how the ends of the register of each stream in front sound, alone and in turn."""
    found: list[tuple[str, float, float, float]] = []
    for one in heard_at_once(session):
        lowest, *_, highest = per_place = [mix[0] for mix in mixes([one], RATE)][:5]
        sounds: list[Sound] = []
        for note in (lowest, per_place[2], highest):
            alone = msgspec.structs.replace(
                note, onset_frame=0, duration_frames=RATE // 2, held_key=0
            )
            again = [msgspec.structs.replace(alone, onset_frame=i * RATE // 2) for i in range(8)]
            sound = np.concatenate(list(render_notes(again, session, sample_rate=RATE)))
            sounds.append(sound[: 4 * RATE].astype(float))
        low, middle, high = map(sones_of, sounds)
        sharpest = max(sharpness_of(sounds[0]), sharpness_of(sounds[-1]))
        found.append((one.name, max(low, high), middle, sharpest))
    typical = float(np.median([middle for _, _, middle, _ in found]))
    for name, loudest, middle, sharpest in found:
        yield name, End(loudest / max(middle, typical), sharpest)


def row(session: str, data: str, quality: Quality, came: str) -> str:
    figures = (
        f"{quality.lufs:.1f} | {quality.swing_lu:.1f} | {quality.loudest_lu:.1f} | "
        f"{quality.sharpness_acum:.2f}, {quality.sharpest_acum:.2f} | "
        f"{quality.roughness_asper:.2f}, {quality.roughest_asper:.2f} | "
        f"{quality.fluctuation_vacil:.2f} | {quality.mono_lu:.1f} | "
        f"{100 * quality.silence:.0f} % | {quality.step:.2f} | {quality.clicks:.0f}"
    )
    return f"| {data} | {session} | {figures} | {came} |"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tables", nargs="*", type=Path, default=[], help="CSV files")
    parser.add_argument("--peers", help="the Python of an environment with strauss and astronify")
    parser.add_argument("--sessions", nargs="*", default=[*SESSIONS, *OF_THE_ARTICLE])
    parser.add_argument("--data", nargs="*", help="only data of these names")
    parser.add_argument("--no-ends", action="store_true")
    parser.add_argument("--windows", type=int, default=20, help="of five seconds each")
    options = parser.parse_args()
    hours = [
        system_hour(streams, name)
        for name, streams in (("four streams", FEW), ("seven streams", ()))
    ]
    all_data = [*hours, article(), *map(table, options.tables)]
    if options.data:
        all_data = [data for data in all_data if data.name in options.data]
    print(
        "| data | played by | LUFS | swing, LU | loudest, LU | acum: mean, worst "
        "| asper: mean, worst | vacil | mono, LU | silence | step | clicks/min | forward/h |"
    )
    print("|---" * 13 + "|")
    wrong: list[str] = []
    for data in all_data:
        limits = [math.inf, math.inf]
        if options.peers:
            of_peers = {name: peer(options.peers, name, data, options.windows) for name in PEERS}
            for name, quality in of_peers.items():
                print(row(name, data.name, quality, ""), flush=True)
            limits = [
                max(quality.sharpness_acum for quality in of_peers.values()),
                max(quality.roughness_asper for quality in of_peers.values()),
            ]
        of_article = data.name == "article"
        for name in options.sessions:
            if (name in OF_THE_ARTICLE) != of_article:
                continue
            quality, came_forward = play(load_session(name or None), data, options.windows)
            came = f"{came_forward * 3_600 / data.seconds:.0f}" if data in hours else ""
            print(row(name or "none", data.name, quality, came), flush=True)
            wrong += _wrong(name or "none", data.name, quality, limits)
    if not options.no_ends:
        print("\n| session | stream | louder at an end | sharpest end, acum |\n|---|---|---|---|")
        for name in options.sessions:
            for stream, end in ends(load_session(name or None)):
                print(
                    f"| {name or 'none'} | {stream} | {end.louder:.2f} x | "
                    f"{end.sharpness_acum:.2f} |",
                    flush=True,
                )
                if end.louder > LOUDER:
                    wrong.append(f"{name or 'none'}: an end of {stream}")
    for one in wrong:
        print(f"above its target: {one}")
    if not options.peers:
        print("without --peers sharpness and roughness were compared with nothing")
    return finish("fatigue", len(wrong), "targets missed", 0, ok=not wrong)


def _wrong(name: str, data: str, quality: Quality, limits: Sequence[float]) -> Iterator[str]:
    """Yield which targets a sound misses."""
    if data == "four streams" and abs(quality.lufs - LOUDNESS) > 1:
        yield f"{name}, {data}: {quality.lufs:.1f} LUFS"
    if quality.sharpness_acum > limits[0]:
        yield f"{name}, {data}: sharper than both peers"
    if quality.roughness_asper > limits[1]:
        yield f"{name}, {data}: rougher than both peers"
    if quality.mono_lu > 1:
        yield f"{name}, {data}: {quality.mono_lu:.1f} LU lost in mono"
    if quality.clicks and name != CLICKING:
        yield f"{name}, {data}: {quality.clicks:.0f} clicks a minute"


if __name__ == "__main__":
    raise SystemExit(main())
