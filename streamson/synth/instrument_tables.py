"""Instruments as the machine code reads them: tables of numbers, and the frames of samples."""

from collections.abc import Mapping
from math import exp, inf, log
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from streamson.instrument import MIN_RAMP_S, Instrument
from streamson.synth.memory import allocate
from streamson.synth.sample_levels import Levels, make_levels

RING_OUT: Final = 1.5
"""Decays are the time to -60 dB; to -90 dB takes half as long again."""


def allocate_with(
    instruments: Mapping[str, Instrument], sample_rate: int
) -> dict[str, NDArray[Any]]:
    """Return memory for one engine that holds its instruments, in their order."""
    memory = allocate()
    add_instruments(memory, 0, instruments, sample_rate)
    return memory


def add_instruments(
    memory: dict[str, NDArray[Any]],
    first: int,
    instruments: Mapping[str, Instrument],
    sample_rate: int,
) -> list[NDArray[Any]]:
    """Write instruments from a row of the tables on; a callback may be at work meanwhile.

    Returns
    -------
    list of ndarray
        Arrays of samples that were too small, and have new ones in their place with all that they
        held. Until the callback has learned of those, the old ones must live on.
    """
    copies = _copies(instruments)
    outgrown, starts = _write_samples(memory, copies)
    for number, instrument in enumerate(instruments.values(), first):
        _write_table(memory, number, instrument, sample_rate)
        if instrument.sample is None:
            continue
        key = id(instrument.sample), instrument.width
        levels = copies[key]
        memory["sample_levels"][number] = levels.table
        memory["sample_levels"][number]["start"] += starts[key]
        row = memory["instruments"][number]
        sample = instrument.sample
        row["sample_speed"] = sample.sample_rate / (sample.root_hz * sample_rate)
        row["sample_end"], row["sample_loop"] = levels.end, levels.loop
    return outgrown


def ring_s(instrument: Instrument, frequency_hz: float) -> float:
    """Return the seconds after which a note is silent even if it lasts; infinite if it never is."""
    sample = instrument.sample
    if sample is not None:
        seconds = len(sample.sound) / sample.sample_rate
        return inf if sample.loop else seconds * sample.root_hz / frequency_hz
    return max(RING_OUT * (partial.decay or inf) for partial in instrument.partials)


_Key = tuple[int, float]


def _copies(instruments: Mapping[str, Instrument]) -> dict[_Key, Levels]:
    """Return the copies of all samples; parts that change an envelope alone share them."""
    copies: dict[_Key, Levels] = {}
    for instrument in instruments.values():
        if instrument.sample is not None:
            key = id(instrument.sample), instrument.width
            if key not in copies:
                copies[key] = make_levels(instrument.sample, instrument.width)
    return copies


def _write_samples(
    memory: dict[str, NDArray[Any]], copies: dict[_Key, Levels]
) -> tuple[list[NDArray[Any]], dict[_Key, int]]:
    """Write all copies behind what is there; return outgrown arrays, and where each begins."""
    starts: dict[_Key, int] = {}
    if not copies:
        return [], starts
    outgrown = [memory["sample_left"], memory["sample_right"]]
    parts = [[held] for held in outgrown]
    start = len(outgrown[0])
    for key, levels in copies.items():
        starts[key] = start
        start += levels.frames.shape[1]
        for part, channel in zip(parts, levels.frames, strict=True):
            part.append(channel)
    memory["sample_left"], memory["sample_right"] = map(np.concatenate, parts)
    return outgrown, starts


def _write_table(
    memory: dict[str, NDArray[Any]], number: int, instrument: Instrument, rate: int
) -> None:
    envelope, partials = instrument.envelope, instrument.partials
    row = memory["instruments"][number]
    row["attack"] = max(envelope.attack, MIN_RAMP_S) * rate
    row["decay"] = envelope.decay * rate
    row["release"] = max(envelope.release, MIN_RAMP_S) * rate
    row["sustain"] = envelope.sustain
    row["ebb"] = 10 ** (-envelope.separation / 20)
    row["bend"] = exp(-envelope.curve / 2) - 1
    row["partials"] = len(partials)
    memory["partials"][number, : len(partials)] = [
        (
            partial.exact_ratio,
            10 ** (partial.level / 20),
            log(1_000) / (partial.decay * rate) if partial.decay else 0.0,
            partial.pan * instrument.width,
            partial.noise,
        )
        for partial in partials
    ]
