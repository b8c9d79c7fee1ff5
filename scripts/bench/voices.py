"""Sine voices that one core keeps up with, against other synthesis engines.

Ours are notes of two seconds, each with its envelope and its pan, a thousand at any time. The
others play bare oscillators for the whole time, without envelope, in the centre. All render ten
seconds offline, 44.1 kHz stereo, in blocks of 256 frames where there are blocks; each in a process
of its own, in turns. Holds where ours are 4 times as many as scsynth's.

    apt-get install supercollider-server; pip install streamson[bench]
    python scripts/bench/voices.py [--rounds 3]
"""

import argparse
import json
import os
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from report import finish

HOLD = 4
RATE = 44_100
SECONDS = 10
VOICES = 1_000
FAUST_VOICES = 100  # it unrolls them: compiling takes longer and longer
NOTE_S = 2.0


def frequencies(voices: int) -> list[float]:
    return [110 + 1_650 * i / voices for i in range(voices)]


def streamson() -> float:
    """Return the seconds that ten seconds of so many voices take."""
    from streamson.model.note import Note
    from streamson.synth.engine import Engine

    engine = Engine(RATE)
    length = round(NOTE_S * RATE)
    spacing = length / VOICES

    def pan(i: int) -> float:
        return (i % 21 - 10) / 10

    # Each of a stream of its own: of one stream, a note ends those of its pitch.
    notes = [
        Note(round(i * spacing), NOTE_S, length, 45 + i % 48, -60, pan(i), "sine", str(i))
        for i in range(round((SECONDS + NOTE_S) * RATE / spacing))
    ]
    due, block = 0, 256

    def advance(frames: int) -> None:
        nonlocal due
        for _ in range(frames // block):
            while due < len(notes) and notes[due].onset_frame < engine.frame + 3 * block:
                engine.play(notes[due])
                due += 1
            engine.render(block)

    advance(length)
    start = time.perf_counter()
    advance(SECONDS * RATE)
    elapsed = time.perf_counter() - start
    if engine.state["active"] < VOICES:
        raise SystemExit(f"only {engine.state['active']} voices sounded")
    return elapsed


def scsynth() -> float:
    import supriya
    from supriya.ugens import Out, SinOsc

    with supriya.SynthDefBuilder(frequency=440, amplitude=0.1) as builder:
        tone = SinOsc.ar(frequency=builder["frequency"]) * builder["amplitude"]
        Out.ar(bus=0, source=[tone] * 2)
    definition, score = builder.build(name="s"), supriya.Score()
    with score.at(0), score.add_synthdefs(definition):
        for frequency in frequencies(VOICES):
            score.add_synth(definition, frequency=frequency, amplitude=0.3 / VOICES)
    with score.at(SECONDS):
        score.do_nothing()
    with tempfile.TemporaryDirectory() as name:
        commands, out = Path(name, "score.osc"), Path(name, "out.wav")
        with commands.open("wb") as file:
            for bundle in score.iterate_osc_bundles():
                data = bundle.to_datagram(realtime=False)
                file.write(struct.pack(">I", len(data)) + data)
        options = ("-o", "2", "-n", str(VOICES + 64), "-m", "262144")
        start = time.perf_counter()
        subprocess.run(
            ["scsynth", "-N", commands, "_", out, str(RATE), "WAV", "int16", *options],
            check=True,
            capture_output=True,
        )
        return time.perf_counter() - start


def pyo() -> float:
    import pyo

    with tempfile.TemporaryDirectory() as name:
        server = pyo.Server(sr=RATE, nchnls=2, buffersize=256, duplex=0, audio="offline").boot()
        server.recordOptions(dur=SECONDS, filename=str(Path(name, "p.wav")))
        tones = pyo.Sine(freq=frequencies(VOICES), mul=0.3 / VOICES).mix(2).out()
        start = time.perf_counter()
        server.start()
        elapsed = time.perf_counter() - start
        del tones  # what is let go before falls silent
        return elapsed


def signalflow() -> float:
    import signalflow

    graph = signalflow.AudioGraph(output_device=signalflow.AudioOut_Dummy(2), start=False)
    tones = [signalflow.SineOscillator(frequency) for frequency in frequencies(VOICES)]
    signalflow.StereoPanner(signalflow.Sum(tones) * (0.3 / VOICES), 0).play()
    buffer = signalflow.Buffer(2, RATE * SECONDS)
    start = time.perf_counter()
    graph.render_to_buffer(buffer)
    return time.perf_counter() - start


def faust() -> float:
    import dawdreamer

    engine = dawdreamer.RenderEngine(RATE, 256)
    processor = engine.make_faust_processor("tones")
    tones = f"sum(i, {FAUST_VOICES}, os.osc(110 + 1650 * i / {FAUST_VOICES}))"
    processor.set_dsp_string(
        f'import("stdfaust.lib"); process = {tones} * (0.3 / {FAUST_VOICES}) <: _, _;'
    )
    processor.compile()
    engine.load_graph([(processor, [])])
    start = time.perf_counter()
    engine.render(float(SECONDS))
    return time.perf_counter() - start


ENGINES: dict[str, tuple[Callable[[], float], int]] = {
    "streamson": (streamson, VOICES),
    "scsynth": (scsynth, VOICES),
    "pyo": (pyo, VOICES),
    "signalflow": (signalflow, VOICES),
    "faust": (faust, FAUST_VOICES),
}


def run(name: str) -> float | None:
    """Return the voices of an engine that one core keeps up with; None if it can't be run."""
    done = subprocess.run(
        [sys.executable, __file__, "--engine", name], capture_output=True, text=True, check=False
    )
    try:
        elapsed = float(json.loads(done.stdout.splitlines()[-1]))
    except (IndexError, ValueError):
        print(f"{name}: not run: {(done.stderr.strip() or 'no output').splitlines()[-1]}")
        return None
    return ENGINES[name][1] * SECONDS / elapsed


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--engine", choices=ENGINES, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.engine:
        print(json.dumps(ENGINES[args.engine][0]()), flush=True)
        os._exit(0)  # some engines hang in their own clean-up
    run("streamson")  # compile, if that was never done here
    rounds = [{name: run(name) for name in ENGINES} for _ in range(args.rounds)]
    for name in ENGINES:
        voices = [result[name] for result in rounds if result[name]]
        if voices:
            print(f"{name:10} {statistics.median(voices):8.0f} voices in real time on one core")
    ratios = [r["streamson"] / r["scsynth"] for r in rounds if r["streamson"] and r["scsynth"]]
    figure = round(statistics.median(ratios), 2) if ratios else 0.0
    return finish("voices", figure, "x scsynth", HOLD, ok=figure >= HOLD)


if __name__ == "__main__":
    sys.exit(main())
