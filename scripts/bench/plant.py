"""A made-up plant: 2,000 streams over a week, a point a minute each, and planted incidents."""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

STEP_S: Final = 60.0
DAY: Final = 1_440
STEPS: Final = 7 * DAY
HOSTS: Final = 143
STREAMS: Final = 2_000
QUIET_DAYS: Final = 2
"""Nothing is planted in them: a listener learns what is usual."""

INCIDENTS: Final = 60
KINDS: Final = ("spike", "shift", "stuck", "drift", "silence", "leak")

Values = NDArray[np.float32]


class Incident(NamedTuple):
    """What was planted.

    Attributes
    ----------
    stream
        Its number.
    kind
        One of `KINDS`.
    begin, end
        Steps between which it lasts.
    plain
        The step by which it is plain to see: a spike or shift is at once, a value is stuck when it
        was the same ten times, a drift or a leak is plain when it is four deviations off, and a
        stream is silent when its point is late by another interval.
    """

    stream: int
    kind: str
    begin: int
    end: int
    plain: int


class Plant(NamedTuple):
    """The plant.

    Attributes
    ----------
    names
        Of the streams: fourteen of each host.
    values
        NaN where no point came, shape (STEPS, STREAMS).
    incidents
        In the order of their beginnings.
    """

    names: list[str]
    values: Values
    incidents: list[Incident]


def make_plant(seed: int, *, calm: bool = False) -> Plant:
    """Return a plant; of another seed another one. A calm one has no incidents."""
    rng = np.random.default_rng(seed)
    names = [f"host{i // 14}/metric{i % 14}" for i in range(STREAMS)]
    values = np.empty((STEPS, STREAMS), np.float32)
    for stream in range(STREAMS):
        values[:, stream] = _SIGNALS[stream % len(_SIGNALS)](rng)
    incidents = [] if calm else _plant(rng, values)
    return Plant(names, values, incidents)


def _noise(rng: np.random.Generator) -> NDArray[np.float64]:
    return rng.normal(rng.uniform(10, 100), rng.uniform(0.5, 5), STEPS)


def _wander(rng: np.random.Generator) -> NDArray[np.float64]:
    """A mean-reverting walk."""
    share, steps = rng.uniform(0.8, 0.97), rng.normal(size=STEPS)
    out = np.empty(STEPS)
    value = 0.0
    for i in range(STEPS):
        value = share * value + steps[i]
        out[i] = value
    return 50 + out


def _day(rng: np.random.Generator) -> NDArray[np.float64]:
    phase, height = rng.uniform(0, 2 * np.pi), rng.uniform(5, 20)
    season = height * np.sin(2 * np.pi * np.arange(STEPS) / DAY + phase)
    return 60 + season + rng.normal(0, height / 8, STEPS)


def _counts(rng: np.random.Generator) -> NDArray[np.float64]:
    return rng.poisson(rng.uniform(3, 40), STEPS).astype(float)


def _heavy(rng: np.random.Generator) -> NDArray[np.float64]:
    return rng.lognormal(2.0, rng.uniform(0.3, 0.8), STEPS)


def _busy(rng: np.random.Generator) -> NDArray[np.float64]:
    """A share of a resource that is used in bursts."""
    on = rng.random(STEPS) < 0.1
    return np.clip(np.where(on, rng.uniform(0.5, 1, STEPS), rng.uniform(0, 0.1, STEPS)), 0, 1)


def _saw(rng: np.random.Generator) -> NDArray[np.float64]:
    """What fills and is emptied."""
    period = rng.integers(40, 300)
    return (np.arange(STEPS) % period) / period * 100 + rng.normal(0, 1.5, STEPS)


_SIGNALS: Final = (_noise, _wander, _day, _counts, _heavy, _busy, _saw)


def _plant(rng: np.random.Generator, values: Values) -> list[Incident]:
    """Plant incidents, each in a stream of its own, at even distances."""
    streams = rng.choice(STREAMS, INCIDENTS, replace=False)
    begins = np.linspace(QUIET_DAYS * DAY, STEPS - DAY - 60, INCIDENTS).astype(int)
    begins += rng.integers(0, 60, INCIDENTS)
    kinds = rng.permutation(np.resize(KINDS, INCIDENTS))
    found = []
    for stream, begin, kind in zip(streams.tolist(), begins.tolist(), kinds, strict=True):
        # How far it usually goes within hours: what is unusual goes further.
        column = values[:, stream]
        usual = column[max(begin - 2 * DAY, 0) : begin]
        spread = float(np.quantile(usual, 0.99) - np.quantile(usual, 0.01)) / 4.65
        size = rng.uniform(5, 9) * spread * rng.choice((-1, 1))
        length = {"spike": 1, "shift": 120, "stuck": 120, "drift": 240, "silence": 60}.get(
            kind, DAY
        )
        end = begin + length
        plain = begin
        ramp = np.linspace(0, 1, length, dtype=np.float32)
        match kind:
            case "spike":
                column[begin] += 1.5 * size
            case "shift":
                column[begin:end] += size
            case "stuck":
                column[begin:end], plain = column[begin], begin + 9
            case "silence":
                column[begin:end], plain = np.nan, begin + 1
            case _:
                column[begin:end] += size * ramp
                plain = begin + int(length * 4 * spread / abs(size))
        found.append(Incident(stream, str(kind), begin, end, plain))
    return found
