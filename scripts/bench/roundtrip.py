"""How much of what is played can be read back from the sound alone.

Tables become sound as `streamson render` makes it, go through a channel, and are decoded with
nothing known but the session. A note is found if its voice has one of its pitch within 30 ms of its
onset; its value, if the pitch is at most one step of the scale away; false are decoded notes that
nobody played. By instrument: one stream whose pitch, duration (0.1 to 0.5 s) and level (14 dB)
follow three series, the article's way. By number of streams: each column of a table plays by
itself, without a session, its sound chosen by `auto`. The channels are those of `CHANNELS`.

Holds where one stream of every pitched instrument has 99 % of its notes found, three streams 95 %,
five 85 % (WAV), and three streams are decoded five times as fast as they sound.

    pip install streamson[bench]
    OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 python scripts/bench/roundtrip.py [TABLE.csv ...]
"""

import argparse
import csv
import io
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import soundfile
from numpy.typing import NDArray
from report import finish
from scipy import signal

import streamson
from streamson.decode.decode import decode_notes
from streamson.decode.note import Candidate, DecodedNote
from streamson.decode.voices import voices_of
from streamson.model.note import Note
from streamson.session.load import load_session, parse_session
from streamson.session.parse.instruments import builtin_instruments
from streamson.session.schema import Session

RATE = 44_100
NOTES = 100
ONSET_S = 0.03
SAME_PITCH = 0.25
STREAMS = (1, 2, 3, 5, 8)
HOLDS = {1: 0.99, 3: 0.95, 5: 0.85}
SPEED_HOLD = 5.0
WITHOUT_PITCH = ("breath", "click")
DATA = Path(__file__).parents[2] / "tests" / "data"

Sound = NDArray[np.float32]
Values = NDArray[np.float64]

ONE_STREAM = """
[[part]]
stream = "*"
instrument = "{instrument}"
timing = "sequence"
pan = {{ value = 0 }}
[part.pitch]
field = "a"
scale = "c major"
low = "G3"
high = "C6"
rescale = {{ mode = "minmax", window = "all" }}
[part.duration]
field = "b"
low = 0.1
high = 0.5
rescale = {{ mode = "minmax", window = "all" }}
[part.volume]
field = "c"
low = -36
high = -22
rescale = {{ mode = "minmax", window = "all" }}
"""


class Result(NamedTuple):
    """What was found of the notes of some sounds."""

    played: int
    found: int
    values: int
    false: int

    def plus(self, other: "Result") -> "Result":
        return Result(*(a + b for a, b in zip(self, other, strict=True)))

    @property
    def share(self) -> float:
        return self.found / max(self.played, 1)


NOTHING = Result(0, 0, 0, 0)


def series(paths: Sequence[str]) -> list[Values]:
    """Return columns of numbers: of the tables, or of those that tests have, and random walks."""
    files = [Path(path) for path in paths] or [
        DATA / "article_eta_300.csv",
        *sorted((DATA / "nab").glob("*.csv")),
    ]
    found = []
    for file in files:
        with file.open(newline="") as opened:
            rows = list(csv.DictReader(opened))
        names = [name for name in ("re", "im", "modulus", "value") if name in rows[0]]
        found += [np.array([float(row[name]) for row in rows]) for name in names]
    random = np.random.default_rng(18)
    while len(found) < max(STREAMS):
        found.append(np.cumsum(random.normal(size=2 * NOTES)))
    return [values for values in found if len(values) >= NOTES]


def three_of(columns: Sequence[Values], first: int) -> dict[str, list[float]]:
    """Return a table of three series in a row."""
    chosen = [columns[(first + i) % len(columns)][:NOTES] for i in range(3)]
    return dict(zip("abc", (values.tolist() for values in chosen), strict=True))


def judge(
    decoded: Sequence[DecodedNote],
    notes: Sequence[Note],
    candidates: Sequence[Candidate],
    streams: Sequence[str],
) -> Result:
    """Return how many notes of all voices were found."""
    total = NOTHING
    for number, (candidate, stream) in enumerate(zip(candidates, streams, strict=True)):
        own = [note for note in notes if note.stream == stream]
        left = [note for note in decoded if note.candidate == number]
        heard = len(left)
        scale = np.array(candidate.midi_notes)
        found = values = 0
        for note in own:
            near = [d for d in left if abs(d.onset_s - note.onset_frame / RATE) <= ONSET_S]
            if not near:
                continue
            best = min(near, key=lambda d: abs(d.midi_note - note.midi_note))
            here = np.searchsorted(scale, [note.midi_note - 0.01, best.midi_note - 0.01])
            values += bool(abs(here[0] - here[1]) <= 1)
            if abs(best.midi_note - note.midi_note) <= SAME_PITCH:
                found += 1
                left.remove(best)
        total = total.plus(Result(len(own), found, values, heard - found))
    return total


def encoded(sound: Sound, rate: int, kind: str, subtype: str) -> tuple[Sound, int]:
    """Return a sound as it comes out of a codec at about 128 kbit/s."""
    memory = io.BytesIO()
    if kind == "OGG":
        sound, rate = resampled(sound, rate, 48_000)
    mode = {"bitrate_mode": "CONSTANT", "compression_level": 0.3} if kind == "MP3" else {}
    with soundfile.SoundFile(memory, "w", rate, 2, subtype, format=kind, **mode) as file:
        file.write(sound)
    memory.seek(0)
    found, rate = soundfile.read(memory, dtype="float32", always_2d=True)
    return found, rate


def resampled(sound: Sound, rate: int, wanted: int) -> tuple[Sound, int]:
    common = np.gcd(rate, wanted)
    found = signal.resample_poly(sound, wanted // common, rate // common, axis=0)
    return found.astype(np.float32), wanted


def phone(sound: Sound, rate: int) -> tuple[Sound, int]:
    band = signal.butter(4, [400, 8_000], "bandpass", fs=rate, output="sos")
    return signal.sosfilt(band, sound, axis=0).astype(np.float32), rate


def pink(sound: Sound, rate: int, level_db: float = -20.0) -> tuple[Sound, int]:
    random = np.random.default_rng(20)
    spectrum = np.fft.rfft(random.normal(size=sound.shape), axis=0)
    hz = np.maximum(np.fft.rfftfreq(len(sound), 1 / rate), 20.0)
    noise = np.fft.irfft(spectrum / np.sqrt(hz)[:, None], len(sound), axis=0)
    noise *= np.sqrt(np.mean(sound**2) / np.mean(noise**2)) * 10 ** (level_db / 20)
    return (sound + noise).astype(np.float32), rate


def room(sound: Sound, rate: int, dies_s: float, answer_db: float) -> tuple[Sound, int]:
    """Return a sound in a room that dies away by 60 dB in so long, its answer so much louder."""
    random = np.random.default_rng(21)
    seconds = np.arange(round((dies_s + 0.1) * rate)) / rate
    answer = random.normal(size=(len(seconds), sound.shape[1]))
    answer *= 10 ** (-3 * seconds / dies_s)[:, None]
    answer[: round(0.004 * rate)] = 0
    answer *= 10 ** (answer_db / 20) / np.sqrt((answer**2).sum(axis=0))
    answer[0] = 1
    heard = signal.oaconvolve(sound, answer, axes=0)[: len(sound)]
    return heard.astype(np.float32), rate


def mono(sound: Sound, rate: int) -> tuple[Sound, int]:
    return sound.mean(axis=1, keepdims=True), rate


def microphone(sound: Sound, rate: int) -> tuple[Sound, int]:
    """Return what one microphone takes down in a room, with noise and a gain of its own."""
    sound, rate = room(*mono(sound, rate), 0.4, -6.0)
    sound, rate = resampled(*pink(sound, rate), 48_000)
    return sound * np.float32(0.3), rate


def drifting(sound: Sound, rate: int, ppm: float) -> tuple[Sound, int]:
    """Return a sound by a clock that runs so much too fast, between whose frames a line is drawn.

    It is drawn at four times the rate, where that is 70 dB below tones of 2 kHz.
    """
    fine, fine_rate = resampled(sound, rate, 4 * rate)
    at = np.arange(round(len(sound) * (1 + ppm / 1e6))) / (1 + ppm / 1e6) * (fine_rate / rate)
    places = np.arange(len(fine))
    sides = [np.interp(at, places, fine[:, side]) for side in range(fine.shape[1])]
    return np.stack(sides, axis=1).astype(np.float32), rate


def clipped(sound: Sound, rate: int) -> tuple[Sound, int]:
    """Return a sound of which the loudest twentieth of the frames is cut off."""
    most = np.quantile(np.abs(sound), 0.95)
    return np.clip(sound, -most, most).astype(np.float32), rate


def late(sound: Sound, rate: int) -> tuple[Sound, int]:
    silence = np.zeros((round(LATE_S * rate), sound.shape[1]), np.float32)
    return np.concatenate([silence, sound]), rate


def beside_music(sound: Sound, rate: int) -> tuple[Sound, int]:
    """Return a sound beside plucked chords and a drum on each beat, 12 dB below.

    Strings by K. Karplus and A. Strong, "Digital synthesis of plucked-string and drum timbres",
    Computer Music Journal 7, 1983.
    """
    random = np.random.default_rng(22)
    beat = round(0.5 * rate)
    music = np.zeros(len(sound) + 4 * beat)
    dies = np.exp(-np.arange(beat) / (0.03 * rate))
    for first in range(0, len(sound), beat):
        root = random.choice([40, 45, 47, 50, 52])
        for interval in (0, 7, 12, 16, 19):
            period = round(rate / (440 * 2 ** ((root + interval - 69) / 12)))
            start = np.zeros(4 * beat)
            start[:period] = random.uniform(-1, 1, period)
            string = np.zeros(period + 2)
            string[0], string[-2:] = 1.0, -0.498
            music[first : first + 4 * beat] += signal.lfilter([1.0], string, start)
        music[first : first + beat] += 2 * dies * random.normal(size=beat)
    music = music[: len(sound), None]
    music *= np.sqrt(np.mean(sound**2) / np.mean(music**2)) * 10 ** (-12 / 20)
    return (sound + music).astype(np.float32), rate


CHANNELS: dict[str, Callable[[Sound, int], tuple[Sound, int]]] = {
    "wav": lambda sound, rate: (sound, rate),
    "mp3 128k": lambda sound, rate: encoded(sound, rate, "MP3", "MPEG_LAYER_III"),
    "opus 128k": lambda sound, rate: encoded(sound, rate, "OGG", "OPUS"),
    "phone": phone,
    "pink -20 dB": pink,
    "pink -10 dB": lambda sound, rate: pink(sound, rate, -10.0),
    "room 0.3 s; -6 dB": lambda sound, rate: room(sound, rate, 0.3, -6.0),
    "room 0.4 s; -6 dB": lambda sound, rate: room(sound, rate, 0.4, -6.0),
    "room 0.8 s; -6 dB": lambda sound, rate: room(sound, rate, 0.8, -6.0),
    "room 0.8 s; 0 dB": lambda sound, rate: room(sound, rate, 0.8, 0.0),
    "mono": mono,
    "microphone": microphone,
    "-20 dB": lambda sound, rate: (sound * np.float32(0.1), rate),
    "16 kHz": lambda sound, rate: resampled(sound, rate, 16_000),
    "22.05 kHz": lambda sound, rate: resampled(sound, rate, 22_050),
    "48 kHz": lambda sound, rate: resampled(sound, rate, 48_000),
    "+100 ppm": lambda sound, rate: drifting(sound, rate, 100.0),
    "-100 ppm": lambda sound, rate: drifting(sound, rate, -100.0),
    "clipped": clipped,
    "5 s late": late,
    "beside music": beside_music,
}
LATE_S = 5.0


class Case(NamedTuple):
    """A sound whose notes are known."""

    sound: Sound
    notes: Sequence[Note]
    candidates: list[Candidate]
    streams: list[str]
    session: Session

    def heard(self, channel: str) -> Result:
        """Return what is found of it behind a channel."""
        sound, rate = CHANNELS[channel](self.sound, RATE)
        decoded = decode_notes(sound, rate, self.candidates, audio=self.session.audio)
        if channel == "5 s late":
            decoded = [replace(note, onset_s=note.onset_s - LATE_S) for note in decoded]
        return judge(decoded, self.notes, self.candidates, self.streams)


def case(table: dict[str, list[float]], session: Session, *, each_column: bool) -> Case:
    rendering = streamson.render(table, session, sample_rate=RATE, each_column=each_column)
    sounding = {note.stream for note in rendering.notes}  # a column that stands still is left out
    names = [f"data.{name}" for name in table] if each_column else sounding
    streams = [name for name in names if name in sounding]
    fields = [] if each_column else list(table)
    voices = voices_of(session, streams, fields or ["value"]).voices
    candidates = [voice.candidate for voice in voices]
    return Case(rendering.samples, rendering.notes, candidates, streams, session)


def line(name: str, result: Result) -> None:
    print(
        f"{name:>24} {result.played:6} {result.share:8.1%} "
        f"{result.values / max(result.played, 1):8.1%} {result.false / max(result.played, 1):8.1%}",
        flush=True,
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("tables", nargs="*", help="CSV files with a column value, or re, im")
    parser.add_argument("--streams", default=",".join(map(str, STREAMS)), help="how many at once")
    parser.add_argument("--channels", default=",".join(CHANNELS), help="which of the channels")
    asked = parser.parse_args()
    columns = series(asked.tables)
    counts, channels = [int(count) for count in asked.streams.split(",")], asked.channels.split(",")
    print(f"{'':>24} {'notes':>6} {'found':>8} {'values':>8} {'false':>8}")
    shares = dict.fromkeys(counts, 1.0)
    speed = np.inf
    for i, name in enumerate(builtin_instruments() if 1 in counts else ()):
        session = parse_session(ONE_STREAM.format(instrument=name).encode(), "one.toml")
        result = case(three_of(columns, i), session, each_column=False).heard("wav")
        line(name, result)
        if name not in WITHOUT_PITCH:
            shares[1] = min(shares[1], result.share)
    for count in counts:
        table = {f"s{i}": columns[i % len(columns)][:NOTES].tolist() for i in range(count)}
        played = case(table, load_session(None), each_column=True)
        for channel in channels:
            begin = time.process_time()
            result = played.heard(channel)
            seconds = time.process_time() - begin
            line(f"{count} streams, {channel}", result)
            if channel == "wav":
                shares[count] = min(result.share, shares[count])
                speed = len(played.sound) / RATE / seconds if count == 3 else speed
    if 3 in counts:
        print(f"three streams are decoded {speed:.1f} times as fast as they sound")
    holds = all(shares[count] >= HOLDS.get(count, 0.0) for count in counts) and speed >= SPEED_HOLD
    most = 3 if 3 in counts else max(set(counts) & set(HOLDS), default=1)
    figure = round(shares.get(most, 1.0), 4)
    return finish("roundtrip", figure, f"of {most} streams' notes", HOLDS[most], ok=holds)


if __name__ == "__main__":
    sys.exit(main())
