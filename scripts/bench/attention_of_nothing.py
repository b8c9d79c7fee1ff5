"""How many streams come forward where nothing happens, from the first point on.

    python scripts/bench/attention_of_nothing.py [--streams 24 240] [--minutes 90] [--seeds 11 12]

Noise of several kinds at a point a second, through the listener's own `SurpriseBank` and
`Attention`. What is promised is one in ten minutes. Prints the mean of all ten minutes, the most in
any five minutes, and both of the first quarter of an hour, in which series are young. Holds where
the mean over all kinds keeps the promise.
"""

import argparse
import sys
from typing import Final

import numpy as np
from numpy.typing import NDArray
from report import finish

from streamson.score.attention.attention import Attention
from streamson.score.attention.stuck import stuck_slots
from streamson.surprise.bank import SurpriseBank

Values = NDArray[np.float64]

FOREGROUND: Final = 4
WEEK_S: Final = 604_800
HOLD: Final = 1.0
YOUNG_MINUTES: Final = 15


def autoregressive(rng: np.random.Generator, shape: tuple[int, int]) -> Values:
    """Return what wanders about its mean."""
    values = rng.normal(size=shape)
    for i in range(1, shape[0]):
        values[i] += 0.95 * values[i - 1]
    return values


def seasonal(rng: np.random.Generator, shape: tuple[int, int]) -> Values:
    """Return waves of one to fifteen minutes, with noise."""
    turns = np.arange(shape[0])[:, None] / rng.uniform(60, 900, shape[1])
    return 10 * np.sin(2 * np.pi * (turns + rng.uniform(size=shape[1]))) + rng.normal(size=shape)


KINDS: Final = {
    "white": lambda rng, shape: rng.normal(size=shape),
    "walk": lambda rng, shape: rng.normal(size=shape).cumsum(0),
    "wandering": autoregressive,
    "counts": lambda rng, shape: rng.poisson(rng.uniform(0.5, 10, shape[1]), shape).astype(float),
    "heavy": lambda rng, shape: rng.standard_t(2.5, shape),
    "log-normal": lambda rng, shape: rng.lognormal(0, 1, shape),
    "mostly 0": lambda rng, shape: (rng.uniform(size=shape) < 0.02) * rng.normal(5, 1, shape),
    "seasonal": seasonal,
}


def mixed(rng: np.random.Generator, shape: tuple[int, int]) -> Values:
    """Return some of each kind."""
    values = np.empty(shape)
    for first, make in enumerate(KINDS.values()):
        columns = values[:, first :: len(KINDS)]
        columns[:] = make(rng, columns.shape)
    return values


def came(values: Values) -> NDArray[np.int64]:
    """Return how many streams came forward in each minute."""
    seconds, streams = values.shape
    bank = SurpriseBank(streams)
    slots = np.array([bank.add(WEEK_S) for _ in range(streams)])
    attention = Attention(FOREGROUND, sample_rate=1, capacity=streams)
    for slot in slots.tolist():
        attention.add(f"stream {slot}", slot, 0)
    found = np.zeros(seconds // 60, np.int64)
    for second, row in enumerate(values):
        bank.update_many(slots, row, np.full(streams, float(second)))
        attention.stick(stuck_slots(bank))
        changes = attention.tick(second, bank.rarities, bank.points, streams)
        found[second // 60] += sum(change.forward for change in changes)
    return found


def main() -> int:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--streams", type=int, nargs="+", default=[24, 240])
    parser.add_argument("--minutes", type=int, default=90)
    parser.add_argument("--seeds", type=int, nargs="+", default=[11, 12])
    given = parser.parse_args()
    means = []
    print("streams kind        in ten minutes  most in five   young: in ten  most in five")
    for streams in given.streams:
        for kind, make in {**KINDS, "mixed": mixed}.items():
            shape = given.minutes * 60, streams
            runs = np.array([came(make(np.random.default_rng(s), shape)) for s in given.seeds])
            fives = np.array([np.convolve(run, np.ones(5, int), "valid") for run in runs])
            young = runs[:, :YOUNG_MINUTES]
            means.append(10 * runs.mean())
            print(
                f"{streams:7} {kind:10}  {means[-1]:14.2f}  {fives.max():12}  "
                f"{10 * young.mean():13.2f}  {fives[:, : YOUNG_MINUTES - 4].max():12}",
                flush=True,
            )
    figure = float(np.mean(means))
    return finish("attention_of_nothing", figure, "in ten minutes", HOLD, ok=figure <= HOLD)


if __name__ == "__main__":
    sys.exit(main())
