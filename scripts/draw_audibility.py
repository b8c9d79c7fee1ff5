"""Draw docs/audibility.png: what the densest preset's mix masks, and two alerts above it.

python scripts/draw_audibility.py [OUT.png]        needs: pip install matplotlib
"""

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

from streamson import load_session
from streamson.model.counts import ScoreCounts
from streamson.offline.audibility import Masking, masking_of
from streamson.offline.render import render_notes
from streamson.psychoacoustics.audibility import AUDIBLE_DB, COUNTED_DB
from streamson.psychoacoustics.hearing import Array, db_spl, threshold_in_quiet_db
from streamson.psychoacoustics.masking import GRID_HZ
from streamson.psychoacoustics.spectrum import frame_length, heard_levels
from streamson.score.alerts.earcon_player import EarconPlayer
from streamson.session.load import preset_names
from streamson.session.parse.earcons import builtin_earcons
from streamson.session.schema import Session

ROOT = Path(__file__).parents[1]
RATE = 44_100
ALERTS = {"above high": "#c1121f", "above low": "#e08e45"}


def main() -> None:
    out = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "audibility.png"
    masked = {name: masking_of(load_session(name)) for name in preset_names()}
    densest = max(masked, key=lambda name: float(masked[name].thresholds_db.mean()))
    plt.rcParams.update({"font.size": 9})
    figure, axis = plt.subplots(figsize=(9, 4.8), layout="constrained")
    draw_mix(axis, masked[densest])
    session = load_session(densest)
    for name, colour in ALERTS.items():
        hz, level_db = first_note(session, name)
        there = level_db >= level_db.max() - COUNTED_DB
        axis.vlines(hz[there], -10, level_db[there], colour, alpha=0.35, linewidth=1.2)
        axis.plot(hz[there], level_db[there], "o", color=colour, markersize=5, label=f"“{name}”")
    axis.set(
        xscale="log",
        xlim=(60, 12_000),
        ylim=(-10, 85),
        xlabel="frequency (Hz)",
        ylabel="sound pressure level (dB)",
        title=f"What the preset “{densest}” at its loudest masks while an alert sounds",
    )
    axis.xaxis.set_major_formatter(FuncFormatter(lambda hz, _: f"{hz:g}"))
    axis.set_xticks([100, 200, 500, 1_000, 2_000, 5_000, 10_000])
    axis.minorticks_off()
    axis.grid(alpha=0.25)
    axis.legend(loc="upper right", ncols=2, frameon=False)
    figure.savefig(out, dpi=90)


def draw_mix(axis: Axes, masking: Masking) -> None:
    """Draw the spectrum of the mix, the threshold beside it, and what is demanded of alerts."""
    length = frame_length(RATE)
    frames = np.lib.stride_tricks.sliding_window_view(masking.sound.mean(axis=1), length)
    window = np.hanning(length)
    power = np.square(np.abs(np.fft.rfft(frames[:: length // 2] * window, axis=1)))
    level_db = db_spl(4 / np.square(window.sum()) * power.max(axis=0) + 1e-12)
    hz = np.fft.rfftfreq(length, 1 / RATE)
    axis.fill_between(hz[1:], level_db[1:], -10, color="#adb5bd", alpha=0.6, label="the mix")
    worst = masking.thresholds_db.max(axis=0)
    axis.plot(GRID_HZ, worst, color="#1d3557", label="masked threshold")
    axis.plot(
        GRID_HZ,
        worst + AUDIBLE_DB,
        color="#1d3557",
        linestyle="--",
        label=f"{AUDIBLE_DB:g} dB above it: demanded of alerts in two bands",
    )
    axis.plot(
        GRID_HZ, threshold_in_quiet_db(GRID_HZ), color="#6c757d", linewidth=0.8, label="in quiet"
    )


def first_note(session: Session, name: str) -> tuple[Array, Array]:
    """Return what is heard of an alert's first note, in each critical band."""
    player = EarconPlayer(session, sample_rate=RATE, counts=ScoreCounts())
    note, *_ = player.play(builtin_earcons()[name], "", 0)
    sound = np.concatenate(list(render_notes([note], session, sample_rate=RATE)))
    return heard_levels(sound, RATE)


if __name__ == "__main__":
    main()
