"""Draw docs/eta.png, the README's picture: the demo's first notes and their sound.

python scripts/draw_readme.py        needs: pip install matplotlib
"""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import FuncFormatter

from streamson import load_session, render
from streamson.offline.render import score_table
from streamson.score import Note
from streamson.score.pitch import midi_to_note

ROOT = Path(__file__).parents[1]
TABLE = ROOT / "tests" / "data" / "article_eta_300.csv"
RATE = 44_100
NOTES = 60


def main() -> None:
    notes = list(score_table(TABLE, load_session("article")))[:NOTES]
    end = notes[-1].onset_frame + notes[-1].duration_frames
    sound = render(TABLE, "article")[:end, 0]
    plt.rcParams.update({"font.size": 10, "axes.spines.top": False, "axes.spines.right": False})
    figure, axes = plt.subplots(
        4, 1, figsize=(10, 7.2), sharex=True, height_ratios=(3, 1.4, 1.4, 1.6)
    )
    edges = np.array([note.onset_frame for note in notes] + [end]) / RATE
    draw_pitch(axes[0], notes)
    draw_steps(axes[1], edges, [note.duration_s for note in notes], "C0", "duration (s)")
    draw_steps(axes[2], edges, [note.level_db for note in notes], "C2", "volume (dBFS)")
    draw_wave(axes[3], sound)
    axes[-1].set(xlabel="time (s)", xlim=(0, end / RATE))
    figure.align_ylabels()
    figure.tight_layout()
    figure.savefig(ROOT / "docs" / "eta.png", dpi=110)


def draw_pitch(axes: plt.Axes, notes: list[Note]) -> None:
    for note in notes:
        start, length = note.onset_frame / RATE, note.duration_frames / RATE
        axes.broken_barh(
            [(start, length * 0.95)], (note.midi_note - 0.45, 0.9), color="C3", linewidth=0
        )
    axes.yaxis.set_major_formatter(FuncFormatter(lambda midi, _: midi_to_note(midi)))
    axes.set_yticks([55, 60, 64, 67, 72, 76, 79, 84])
    axes.set_ylabel("pitch")
    axes.grid(axis="y", alpha=0.3)


def draw_steps(
    axes: plt.Axes, edges: np.ndarray, values: list[float], color: str, label: str
) -> None:
    axes.stairs(values, edges, baseline=None, color=color, linewidth=1.6)
    axes.set_ylabel(label)
    axes.grid(axis="y", alpha=0.3)


def draw_wave(axes: plt.Axes, sound: np.ndarray) -> None:
    """Draw the least and the greatest sample of each 5 ms, as the eye sees a wave."""
    step = RATE // 200
    slots = sound[: len(sound) // step * step].reshape(-1, step)
    times = np.arange(len(slots)) * step / RATE
    axes.fill_between(times, slots.min(axis=1), slots.max(axis=1), color="0.35", linewidth=0)
    axes.set_ylabel("sound")


if __name__ == "__main__":
    main()
