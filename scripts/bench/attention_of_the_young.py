"""How soon a stream comes forward to which something happens while it is young.

    python scripts/bench/attention_of_the_young.py [--streams 240] [--seeds 41 42 43 44]

Streams of noise of several kinds at a point a second, that all begin at once, through the
listener's own `SurpriseBank` and `Attention`. When they are 2, 5, 10 and 30 minutes old something
happens to one of them: a spike of a point, a shift or a drift that stays for ten minutes, or values
that stand still. Prints how many came forward within a minute of its being plain, how many while it
lasted, and how late in the mean; and how many came in ten minutes of those to which nothing
happened, where one is promised. Holds where that is kept, and of shifts and stuck series of ten
minutes and more half come within the minute.
"""

import argparse
import sys
from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np
from attention_of_nothing import FOREGROUND, WEEK_S, Values, mixed
from numpy.typing import NDArray
from report import finish

from streamson.score.attention.attention import Attention
from streamson.score.attention.stuck import stuck_slots
from streamson.surprise.bank import SurpriseBank

AGES_MIN: Final = (2, 5, 10, 30)
WHAT: Final = ("spike", "shift", "drift", "stuck")
LASTS_S: Final = 600
SOON_S: Final = 60
AFTERMATH_S: Final = 60
END_S: Final = 45 * 60
SIZE: Final = 8.0
"""Of a shift, in robust deviations; a spike goes half as far again."""

HOLD: Final = 0.5


class Incident(NamedTuple):
    """What happens to a stream, and when it is plain to see: seconds."""

    stream: int
    what: str
    age_min: int
    begin: int
    plain: int
    end: int


def happen(values: Values, incident: tuple[int, str, int]) -> Incident:
    """Let something happen to a stream; it is written into the values."""
    stream, what, age_min = incident
    begin = 60 * age_min
    column = values[:, stream]
    before = np.quantile(column[: begin + 1], (0.01, 0.25, 0.75, 0.99))
    # As far as it usually goes: of what wanders, or has tails, more than its middle half says.
    spread = max((before[3] - before[0]) / 4.65, (before[2] - before[1]) / 1.35, 0.2)
    plain, end = begin, begin + LASTS_S
    match what:
        case "spike":
            end = begin + 1
            column[begin] += 1.5 * SIZE * spread
        case "shift":
            column[begin:end] += SIZE * spread
        case "drift":
            column[begin:end] += SIZE * spread * np.linspace(0, 1, LASTS_S)
            plain = begin + LASTS_S // 2
        case _:
            column[begin:end], plain = column[begin], begin + 10
    return Incident(stream, what, age_min, begin, plain, end)


def came(values: Values) -> Iterator[tuple[int, int]]:
    """Yield which streams come forward, and at which second."""
    streams = values.shape[1]
    bank = SurpriseBank(streams)
    slots = np.array([bank.add(WEEK_S) for _ in range(streams)])
    attention = Attention(FOREGROUND, sample_rate=1, capacity=streams)
    for slot in slots.tolist():
        attention.add(f"stream {slot}", slot, 0)
    for second, row in enumerate(values):
        bank.update_many(slots, row, np.full(streams, float(second)))
        attention.stick(stuck_slots(bank))
        for change in attention.tick(second, bank.rarities, bank.points, streams):
            if change.forward:
                yield int(change.stream.split()[1]), second


class Run(NamedTuple):
    """Of each incident how late it was told, NaN for never; how many others came, each minute."""

    late: dict[tuple[str, int], list[float]]
    others: NDArray[np.int64]


def run(seed: int, streams: int) -> Run:
    """Let each thing happen at each age, to streams of a kind of noise each."""
    late: dict[tuple[str, int], list[float]] = {}
    others = []
    for shifted, _ in enumerate(WHAT):
        rng = np.random.default_rng([seed, shifted])
        values = mixed(rng, (END_S, streams))
        chosen = rng.choice(streams, len(AGES_MIN), replace=False)
        incidents = {
            int(stream): happen(values, (int(stream), WHAT[(shifted + i) % len(WHAT)], age))
            for i, (stream, age) in enumerate(zip(chosen, AGES_MIN, strict=True))
        }
        for one in incidents.values():
            late.setdefault((one.what, one.age_min), []).append(np.nan)
        minutes = np.zeros(END_S // 60, np.int64)
        for stream, second in came(values):
            here = incidents.get(stream)
            if here is not None and here.begin <= second < here.end + AFTERMATH_S:
                of_it = late[here.what, here.age_min]
                of_it[-1] = np.nanmin((of_it[-1], max(second - here.plain, 0)))
            elif here is None or second < here.begin:
                minutes[second // 60] += 1
        others.append(minutes)
    return Run(late, np.array(others))


def main() -> int:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--streams", type=int, default=240)
    parser.add_argument("--seeds", type=int, nargs="+", default=[41, 42, 43, 44])
    given = parser.parse_args()
    runs = [run(seed, given.streams) for seed in given.seeds]
    print("of ... came within a minute, while it lasted, seconds late in the mean")
    print(f"{'':8}" + "".join(f"{f'{age} min':>22}" for age in AGES_MIN))
    soon = []
    for what in WHAT:
        cells = []
        for age in AGES_MIN:
            late = np.array([one for run in runs for one in run.late[what, age]])
            found = late[np.isfinite(late)]
            mean = found.mean() if len(found) else np.nan
            within = int((found <= SOON_S).sum())
            cells.append(f"{len(late):5} {within:4} {len(found):4} {mean:5.0f} s")
            if what in ("shift", "stuck") and age >= 10:
                soon.append(within / len(late))
        print(f"{what:8}" + "".join(f"{cell:>22}" for cell in cells))
    others = np.concatenate([run.others for run in runs])
    print(
        f"others: {10 * others.mean():.2f} in ten minutes; of the first ten "
        f"{10 * others[:, :10].mean():.2f}, the first quarter of an hour "
        f"{10 * others[:, :15].mean():.2f}"
    )
    figure = float(np.mean(soon))
    ok = bool(figure >= HOLD and 10 * others.mean() <= 1)
    return finish("attention_of_the_young", round(figure, 3), "of 1", HOLD, ok=ok)


if __name__ == "__main__":
    sys.exit(main())
