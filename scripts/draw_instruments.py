"""Draw docs/instruments.png: the spectrogram of every instrument's phrase.

python scripts/draw_instruments.py [OUT.png]        needs: pip install matplotlib
"""

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import FuncFormatter
from numpy.typing import NDArray
from scipy.signal import ShortTimeFFT
from scipy.signal.windows import blackman

from streamson import load_session
from streamson.offline.phrase import PHRASE_S, phrase
from streamson.offline.render import render_notes

ROOT = Path(__file__).parents[1]
RATE = 44_100
WINDOW, HOP = 4_096, 256
COLUMNS = 5
FLOOR_DB = -90


def main() -> None:
    out = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "instruments.png"
    session = load_session()
    rows = -(-len(session.instruments) // COLUMNS)
    plt.rcParams.update({"font.size": 9})
    figure, axes = plt.subplots(
        rows,
        COLUMNS,
        figsize=(13, 2.5 * rows),
        sharex=True,
        sharey=True,
        squeeze=False,
        layout="constrained",
    )
    for axis in axes.flat[len(session.instruments) :]:
        axis.set_visible(False)
    for axis, name in zip(axes.flat, session.instruments, strict=False):
        sound = np.concatenate(list(render_notes(phrase(name), session)))
        image = draw(axis, sound.mean(axis=1))
        axis.set_title(name, fontweight="bold")
    for axis in axes[-1]:
        axis.set_xlabel("time (s)")
    for axis in axes[:, 0]:
        axis.set_ylabel("frequency (Hz)")
    bar = figure.colorbar(image, ax=axes, pad=0.01, fraction=0.02)
    bar.set_label("level (dBFS)")
    figure.savefig(out, dpi=90)


def draw(axis: plt.Axes, sound: NDArray[np.float32]) -> plt.cm.ScalarMappable:
    silence = max(0, round(PHRASE_S * RATE) - len(sound))
    sound = np.pad(sound, (WINDOW // 2, WINDOW // 2 + silence))
    transform = ShortTimeFFT(
        blackman(WINDOW, sym=False), HOP, fs=RATE, fft_mode="onesided2X", scale_to="magnitude"
    )
    count = (len(sound) - WINDOW) // HOP + 1
    spectrum = np.abs(transform.stft(sound, p0=WINDOW // 2 // HOP, p1=WINDOW // 2 // HOP + count))
    level = 20 * np.log10(np.maximum(spectrum, 1e-9))
    image = axis.pcolormesh(
        np.arange(level.shape[1]) * HOP / RATE,
        transform.f[1:],
        level[1:],
        cmap="magma",
        vmin=FLOOR_DB,
        vmax=-15,
        shading="nearest",
        rasterized=True,
    )
    axis.set(yscale="log", ylim=(60, 20_000), xlim=(0, PHRASE_S))
    axis.yaxis.set_major_formatter(FuncFormatter(lambda hz, _: f"{hz:g}"))
    return image


if __name__ == "__main__":
    main()
