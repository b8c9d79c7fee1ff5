"""Instruments as the machine code reads them: rows of numbers, written while it plays."""

import hashlib
from collections.abc import Mapping
from math import exp, inf, log
from typing import Any, Final

import msgspec

from streamson.errors import UsageError
from streamson.model.instrument import MIN_RAMP_S, Instrument
from streamson.music.level import db_to_amplitude
from streamson.synth.engine_memory import EngineMemory
from streamson.synth.kernel.atomics import load_index
from streamson.synth.kernel.layout import INSTRUMENT_ROWS
from streamson.synth.kernel.ring import READ, WRITTEN
from streamson.synth.kernel.tilt import TAIL_PERIODS
from streamson.synth.sample_store import SampleKey, SampleMemory, sample_key
from streamson.synth.sounding_power import sounding_power
from streamson.synth.tilt_gains import tilt_gains

RING_OUT: Final = 1.5
"""Decays are the time to -60 dB; to -90 dB takes half as long again."""


class InstrumentTables:
    """The rows of an engine's instruments.

    A row that notes no longer name is used again, and its sample let go, once no waiting note and
    no voice refers to it.

    Parameters
    ----------
    memory
        The engine's.
    sample_rate
        The engine's.
    """

    def __init__(self, memory: EngineMemory, sample_rate: int) -> None:
        self._arrays = memory.arrays
        self._rate = sample_rate
        self._samples = SampleMemory(memory)
        self._keys: dict[int, SampleKey] = {}
        self._free = list(range(INSTRUMENT_ROWS))[::-1]
        self._retired: dict[int, int] = {}

    def check(self, instruments: Mapping[str, Instrument]) -> None:
        """Raise `UsageError` if instruments have more samples than an engine may hold."""
        self._samples.check(instruments.values())

    def add(self, instruments: Mapping[str, Instrument]) -> dict[str, int]:
        """Write instruments into free rows; return the rows by name.

        Raises
        ------
        UsageError
            If there is no room for them; then nothing changes.
        """
        self.reclaim()
        if len(instruments) > len(self._free):
            raise UsageError(
                f"no room for {len(instruments)} more instruments beside those that still sound; "
                "try again when they have ended"
            )
        self._samples.check_room(instruments.values())
        return {name: self._add(instrument) for name, instrument in instruments.items()}

    def retire(self, row: int) -> None:
        """Take back a row that no note names from now on."""
        self._retired[row] = int(self._arrays["note_indices"][WRITTEN])

    def reclaim(self) -> None:
        """Free what the callback can no longer read of the rows that were retired."""
        if not self._retired:
            return
        # What it had taken from the ring by now, it has counted before.
        taken = load_index(self._arrays["note_indices"], READ)
        for row, written in list(self._retired.items()):
            if taken >= written and load_index(self._arrays["references"], row) == 0:
                self._release(row)

    def _release(self, row: int) -> None:
        del self._retired[row]
        self._free.append(row)
        key = self._keys.pop(row, None)
        if key is not None:
            self._samples.give_back(key)

    def _add(self, instrument: Instrument) -> int:
        number = self._free.pop()
        self._write(number, instrument)
        row, sample = self._arrays["instruments"][number], instrument.sample
        if sample is None:
            row["sample_speed"] = 0
            return number
        self._keys[number], stored = self._samples.take(instrument)
        self._arrays["mipmaps"][number] = stored.levels
        self._arrays["tilt_gains"][number] = tilt_gains(sample)
        row["sample_speed"] = sample.sample_rate / (sample.root_hz * self._rate)
        row["sample_end"], row["sample_loop"] = stored.end, stored.loop
        row["sample_power"] = sounding_power(sample)
        return number

    def _write(self, number: int, instrument: Instrument) -> None:
        envelope, partials, rate = instrument.envelope, instrument.partials, self._rate
        row: Any = self._arrays["instruments"][number]
        row["attack"] = max(envelope.attack, MIN_RAMP_S) * rate
        row["decay"] = envelope.decay * rate
        row["release"] = max(envelope.release, MIN_RAMP_S) * rate
        row["sustain"] = envelope.sustain
        row["dip_gain"] = db_to_amplitude(-envelope.separation)
        row["bend"] = exp(-envelope.curve / 2) - 1
        row["partials"] = len(partials)
        row["identity"] = _identity(instrument)
        self._arrays["partials"][number, : len(partials)] = [
            (
                partial.exact_ratio,
                db_to_amplitude(partial.level),
                log(1_000) / (partial.decay * rate) if partial.decay else 0.0,
                partial.pan * instrument.width,
                partial.noise,
            )
            for partial in partials
        ]


def _identity(instrument: Instrument) -> int:
    """Return a number that instruments have in common if they sound the same, and hardly others."""
    without = msgspec.structs.replace(instrument, sample=None, about="")
    told = [msgspec.json.encode(without)]
    if instrument.sample is not None:
        told.append(repr((sample_key(instrument), instrument.sample.root)).encode())
    digest = hashlib.blake2b(b"".join(told), digest_size=8).digest()
    return int.from_bytes(digest, signed=True)


def ring_s(instrument: Instrument, frequency_hz: float, brightness: float) -> float:
    """Return the seconds after which a note is silent even if it lasts; infinite if it never is."""
    sample = instrument.sample
    if sample is not None:
        if sample.loop:
            return inf
        periods = len(sample.sound) / sample.sample_rate * sample.root_hz
        return (periods + (TAIL_PERIODS if brightness else 0)) / frequency_hz
    return max(RING_OUT * (partial.decay or inf) for partial in instrument.partials)
