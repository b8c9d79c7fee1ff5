"""Who comes forward of a made-up plant of 2,000 streams: attention, the loudest, and by chance.

A week at a point a minute, through the listener's own `SurpriseBank` and `Attention`, in a few
minutes. A stream that misses two points is told to be silent, as a listener does.
"""

import argparse
import sys
import time
from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from plant import DAY, KINDS, QUIET_DAYS, STEP_S, STEPS, STREAMS, Plant, make_plant
from report import finish

from streamson.score.attention.attention import Attention
from streamson.score.attention.stuck import stuck_slots
from streamson.surprise.bank import SurpriseBank

FOREGROUND: Final = 4
TICKS_A_STEP: Final = 4
AFTERMATH: Final = 15
"""Steps after an incident in which a stream in front still tells of it."""

WITHIN_STEPS: Final = 1
HOLD: Final = 0.5

Front = NDArray[np.bool_]


def attention(plant: Plant) -> tuple[Front, int]:
    """Return who is in front at each tick, and how many came forward."""
    bank = SurpriseBank(STREAMS)
    slots = np.array([bank.add(604_800) for _ in range(STREAMS)])
    chosen = Attention(FOREGROUND, sample_rate=1, capacity=STREAMS)
    for name, slot in zip(plant.names, slots.tolist(), strict=True):
        chosen.add(name, slot, 0)
    numbers = {name: i for i, name in enumerate(plant.names)}
    front = np.zeros((STEPS * TICKS_A_STEP, STREAMS), bool)
    missed = np.zeros(STREAMS, int)
    changes = 0
    for step in range(STEPS):
        row = plant.values[step].astype(float)
        come = np.isfinite(row)
        for stream in np.flatnonzero(come & (missed >= 2)).tolist():
            chosen.wake(plant.names[stream])
        missed = np.where(come, 0, missed + 1)
        for stream in np.flatnonzero(missed == 2).tolist():
            chosen.silence(plant.names[stream])
        bank.update_many(slots[come], row[come], np.full(int(come.sum()), step * STEP_S))
        chosen.stick(stuck_slots(bank))
        for tick in range(TICKS_A_STEP):
            frame = round((step + tick / TICKS_A_STEP) * STEP_S)
            points = int(come.sum()) if tick == 0 else 0
            for change in chosen.tick(frame, bank.rarities, bank.points, points):
                changes += change.forward and step >= QUIET_DAYS * DAY
            for name in chosen.front:
                front[step * TICKS_A_STEP + tick, numbers[name]] = True
    return front, changes


def loudest(plant: Plant) -> tuple[Front, int]:
    """Return the same of the largest distances from the mean of a day, in its deviations."""
    mean, square = np.zeros(STREAMS), np.ones(STREAMS)

    def choose(step: int) -> NDArray[np.int64]:
        nonlocal mean, square
        row = plant.values[step].astype(float)
        z = np.nan_to_num(np.abs(row - mean) / np.sqrt(square), nan=0.0)
        share = 1 / min(step + 1, DAY)
        known = np.isfinite(row)
        mean[known] += share * (row - mean)[known]
        square[known] += share * ((row - mean) ** 2 - square)[known]
        return np.argsort(-z)[:FOREGROUND]

    return _by(choose)


def by_chance(_plant: Plant) -> tuple[Front, int]:
    """Return the same of four streams at random, others every quarter of an hour."""
    rng = np.random.default_rng(0)
    chosen = np.arange(FOREGROUND)

    def choose(step: int) -> NDArray[np.int64]:
        nonlocal chosen
        if step % 15 == 0:
            chosen = rng.choice(STREAMS, FOREGROUND, replace=False)
        return chosen

    return _by(choose)


def _by(choose: Callable[[int], NDArray[np.int64]]) -> tuple[Front, int]:
    front = np.zeros((STEPS * TICKS_A_STEP, STREAMS), bool)
    changes, before = 0, set[int]()
    for step in range(STEPS):
        now = choose(step)
        front[step * TICKS_A_STEP : (step + 1) * TICKS_A_STEP, now] = True
        if step >= QUIET_DAYS * DAY:
            changes += len(set(now.tolist()) - before)
        before = set(now.tolist())
    return front, changes


def measure(plant: Plant, front: Front, changes: int) -> dict[str, Any]:
    """Return what became of the incidents, from the third day on."""
    told = np.zeros_like(front)
    soon: dict[str, list[bool]] = {kind: [] for kind in KINDS}
    ever: dict[str, list[bool]] = {kind: [] for kind in KINDS}
    for one in plant.incidents:
        begin, end = one.begin * TICKS_A_STEP, (one.end + AFTERMATH) * TICKS_A_STEP
        told[begin:end, one.stream] = True
        until = (one.plain + 1 + WITHIN_STEPS) * TICKS_A_STEP
        soon[one.kind].append(bool(front[begin:until, one.stream].any()))
        ever[one.kind].append(bool(front[begin:end, one.stream].any()))
    watched = slice(QUIET_DAYS * DAY * TICKS_A_STEP, None)
    in_front, of_them = front[watched], (front & ~told)[watched]
    total = max(int(in_front.sum()), 1)
    hours = (STEPS - QUIET_DAYS * DAY) * STEP_S / 3_600
    every = [found for kind in KINDS for found in soon[kind]]
    return {
        "within a minute": sum(every) / max(len(every), 1),
        "ever": np.mean([found for kind in KINDS for found in ever[kind]] or [0]),
        "on nothing": int(of_them.sum()) / total,
        "time in front": total / in_front.shape[0] / FOREGROUND,
        "changes an hour": changes / hours,
        **{kind: f"{sum(soon[kind])}/{sum(ever[kind])} of {len(soon[kind])}" for kind in KINDS},
    }


def main() -> int:
    """Print how each does on a plant."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[101, 102])
    parser.add_argument("--calm", action="store_true", help="a plant without incidents, too")
    arguments = parser.parse_args()
    shares = []
    for seed in arguments.seeds:
        plant = make_plant(seed)
        for choose in (attention, loudest, by_chance):
            begin = time.process_time()
            figures = measure(plant, *choose(plant))
            if choose is attention:
                shares.append(float(figures["within a minute"]))
            print(f"seed {seed} {choose.__name__} ({time.process_time() - begin:.0f} s)")
            for name, figure in figures.items():
                print(f"  {name:16} {figure if isinstance(figure, str) else f'{figure:.3f}'}")
        if arguments.calm:
            figures = measure(plant := make_plant(seed, calm=True), *attention(plant))
            print(f"calm: {figures['changes an hour']:.2f} changes an hour")
    figure = sum(shares) / len(shares)
    return finish("plant_attention", figure, "of 1", HOLD, ok=figure >= HOLD)


if __name__ == "__main__":
    sys.exit(main())
