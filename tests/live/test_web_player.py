"""The page's player by itself: an audio thread that is made up, and what comes out of it."""

import json
import math
import shutil
import subprocess
from importlib import resources

import numpy as np
import pytest

PAGE = resources.files("streamson.live.web") / "page"
HZ = 1_000
LOW_HZ = 100
RATE = 44_100
AMPLITUDE = 0.5

SIMULATION = """
const [file, text] = process.argv.slice(1);
const usual = { ppm: 0, jitter: 0.015, stalls: [], missing: [], stopAt: 0, hz: 1000 };
const wish = { ...usual, ...JSON.parse(text) };
const { rate, out, seconds } = wish;
// Not in a context of its own: there each name is looked up anew, which takes five times as long.
const world = Object.assign(globalThis, {
  sampleRate: out, currentTime: 0,
  AudioWorkletProcessor: class { port = { postMessage() {} }; },
  registerProcessor(_name, made) { world.made = made; },
});
require("node:vm").runInThisContext(require("node:fs").readFileSync(file, "utf8"));
const player = new world.made();
let seed = 7;
const random = () => (seed = (seed * 1664525 + 1013904223) >>> 0) / 2 ** 32;
const CHUNK = 882;
let last = 0;
const arrival = (number) => {
  let at = (((number + 1) * CHUNK) / rate) / (1 + wish.ppm * 1e-6) + random() * wish.jitter;
  for (const [from, length] of wish.stalls) if (at > from && at < from + length) at = from + length;
  return (last = Math.max(at, last));
};
const channels = [new Float32Array(128), new Float32Array(128)];
const tail = [];
let number = 0, next = arrival(0), fills = [Infinity, 0], step = 0, before = 0, hasStopped = false;
for (let block = 0; block * 128 < seconds * out; block++) {
  const now = (world.currentTime = (block * 128) / out);
  for (; next <= now; next = arrival(++number)) {
    if (wish.missing.includes(number) || hasStopped) continue;
    const left = new Float32Array(CHUNK);
    const turn = (2 * Math.PI * wish.hz) / rate;
    for (let i = 0; i < CHUNK; i++) left[i] = 0.5 * Math.sin(turn * (number * CHUNK + i));
    player.take({ frame: number * CHUNK, rate, left, right: left.slice() });
  }
  if (wish.stopAt && now > wish.stopAt && !hasStopped) {
    hasStopped = true;
    player.port.onmessage({ data: { stop: true } });
  }
  for (const channel of channels) channel.fill(0);
  player.process([], [channels]);
  for (let i = 0; i < 128; i++) {
    step = Math.max(step, Math.abs(channels[0][i] - before));
    before = channels[0][i];
  }
  const filled = player.filled / rate;
  if (now > 20 && player.plays) fills = [Math.min(fills[0], filled), Math.max(fills[1], filled)];
  if (now > seconds - 2) tail.push(...channels[0]);
}
const { underruns, skips, missed, target } = player;
console.log(JSON.stringify({ underruns, skips, missed, target, fills, step, tail }));
"""
"""An hour of sound in a minute: chunks that come with jitter, by a clock of their own."""


def play(**wish):
    """Return what the player did, and the sound of its last two seconds."""
    if not shutil.which("node"):
        pytest.skip("node is not installed")
    wish = {"rate": RATE, "out": RATE, **wish}
    done = subprocess.run(
        ["node", "-e", SIMULATION, str(PAGE / "worklet.js"), json.dumps(wish)],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return json.loads(done.stdout)


def distortion_db(samples, rate):
    """Return THD+N of a sine whose frequency is known nearly: all that is no sine, against it."""
    samples = np.asarray(samples) * np.kaiser(len(samples), 20)  # its side lobes: -150 dB
    spectrum = np.abs(np.fft.rfft(samples)) ** 2
    middle = round(HZ * len(samples) / rate)
    sine = spectrum[middle - 8 : middle + 9].sum()
    return 10 * math.log10((spectrum[20:].sum() - sine) / sine)


BY_HAND = pytest.mark.slow
"""The other two, each of which takes as long."""


@pytest.mark.parametrize(
    ("ppm", "out"),
    [
        (200, RATE),
        (-200, 48_000),
        pytest.param(-200, RATE, marks=BY_HAND),
        pytest.param(200, 48_000, marks=BY_HAND),
    ],
)
def test_the_sound_stays_whole_and_pure_where_clocks_differ(ppm, out):
    found = play(ppm=ppm, out=out, seconds=300)
    assert (found["underruns"], found["skips"], found["missed"]) == (0, 0, 0)
    # So much later or earlier that playing 200 ppm faster or slower is enough: 4 ms, and jitter.
    assert found["fills"][0] > 0.03
    assert found["fills"][1] < 0.12
    assert distortion_db(found["tail"][:16_384], out) < -80


@pytest.mark.parametrize(
    ("wish", "breaks"),
    [
        ({"stalls": [[10.003, 0.4], [30.0017, 0.7]]}, ("underruns",)),  # it runs empty
        ({"stalls": [[10.0013, 0.3], [15, 3]]}, ("underruns", "skips")),  # too much comes at once
        ({"missing": [600]}, ("missed",)),  # the listener's feed lost a block
        ({"missing": list(range(600, 700))}, ("underruns",)),  # it begins anew elsewhere
        ({"stopAt": 10.00321}, ()),
    ],
)
def test_nothing_clicks_where_the_sound_breaks_off(wish, breaks):
    found = play(hz=LOW_HZ, jitter=0.005, seconds=40, **wish)
    for name in breaks:
        assert found[name] >= 1
    steepest = AMPLITUDE * 2 * math.pi * LOW_HZ / RATE
    assert found["step"] < 2 * steepest  # without fades: 38 times


def test_what_slept_for_long_is_skipped_at_once():
    found = play(stalls=[[10, 10]], seconds=40, jitter=0.005)
    assert found["skips"] <= 1
    assert found["fills"][1] < found["target"] + 0.5 + 0.05
