"""The engine: Python's handle on the memory and the machine code that turn notes into samples."""

import ctypes
import threading
from collections.abc import Mapping
from math import ceil, isfinite
from typing import Any, Final, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from streamson.errors import UsageError
from streamson.model.audio import Audio, Reverb
from streamson.model.instrument import MIN_RAMP_S, Instrument
from streamson.model.limits import (
    CHANNELS,
    MAX_NOTE_S,
    MAX_REVERB_SEND,
    MAX_SAMPLE_RATE,
    MAX_TREMOLO_HZ,
    MAX_VOLUME_DB,
    MIN_SAMPLE_RATE,
)
from streamson.model.note import AS_SOON_AS_POSSIBLE
from streamson.music.level import db_to_amplitude
from streamson.music.pitch import hz_to_midi
from streamson.synth.clock import set_up_clock
from streamson.synth.engine_memory import EngineMemory
from streamson.synth.instrument_tables import InstrumentTables, ring_s
from streamson.synth.kernel.callback import FADE_FRAMES, callback
from streamson.synth.kernel.ducking import DUCKED_GAIN
from streamson.synth.kernel.layout import (
    ADDRESSES,
    MAX_INSTRUMENTS,
    MAX_VOICES,
    NEVER,
    QUANTUM,
    VOICE_SLOTS,
    VOLUME,
)
from streamson.synth.loudness import NOTES, compensation_db
from streamson.synth.playable_note import PlayableNote
from streamson.synth.resampling import set_up_resampler
from streamson.synth.reverb import set_up, tail_frames
from streamson.synth.rings import RingReader, RingWriter

MAX_LEVEL_DB: Final = 0.0
MAX_BRIGHTNESS: Final = 1.0
PLAIN: Final = {"sine": Instrument()}
NOBODY: Final = 0
"""The source of a note without a stream: each stays as it is, whatever follows."""

_CALLBACK: Final = ctypes.CFUNCTYPE(
    ctypes.c_int32,
    ctypes.c_void_p,
    ctypes.c_void_p,
    ctypes.c_uint64,
    ctypes.c_void_p,
    ctypes.c_uint64,
    ctypes.c_void_p,
)


class SoundingSession(Protocol):
    """What an engine has to know of a session."""

    @property
    def audio(self) -> Audio:
        """How all sounds together."""

    @property
    def all_instruments(self) -> Mapping[str, Instrument]:
        """What notes may name."""


class Engine:
    """Synthesise notes into stereo samples.

    Notes go in through `play`; samples come out of `render`, or of the callback that a device
    calls: one of the two at a time. Sound depends on notes and frames alone.

    Parameters
    ----------
    sample_rate
        Frames a second, 8,000 to 192,000.
    volume_db
        Master volume; see `set_volume`.
    polyphony
        Most voices that sound at once, 1 to 1,024; more notes steal.
    instruments
        What notes may name, at most 512.
    equal_loudness
        Raise and lower notes so that those of one level are heard as equally loud, whatever their
        pitch and instrument.
    reverb
        The room that they sound in; None is none.

    Attributes
    ----------
    equal_loudness
        May be changed while it plays.
    reverb
        The room that they sound in.
    state
        The counters of `streamson.synth.kernel.layout.STATE`, for reading:
        ``int(engine.state["late"])``.
    played
        Reader of `PLAYED` reports, one for each note that began.
    tap
        Reader of ``(first frames, samples)`` of finished quanta, once `open_tap` was called.

    Raises
    ------
    UsageError
        If a parameter is out of its range.
    """

    def __init__(
        self,
        sample_rate: int,
        *,
        volume_db: float = 0.0,
        polyphony: int = MAX_VOICES,
        instruments: Mapping[str, Instrument] = PLAIN,
        equal_loudness: bool = False,
        reverb: Reverb | None = None,
    ) -> None:
        _check("sample rate", sample_rate, MIN_SAMPLE_RATE, MAX_SAMPLE_RATE, "Hz")
        _check("polyphony", polyphony, 1, MAX_VOICES, "voices")
        _check("instruments", len(instruments), 1, MAX_INSTRUMENTS, "of them")
        self.sample_rate = sample_rate
        self._block = EngineMemory()
        self._memory = self._block.arrays
        self._tables = InstrumentTables(self._block, sample_rate)
        self._tables.check(instruments)
        self._numbers = self._tables.add(instruments)
        self._machine_code = callback()
        self._call = _CALLBACK(self._machine_code.address)
        self.state: Any = self._memory["state"][0]
        self.played = RingReader((self._memory["played"],), self._memory["played_indices"])
        self.tap = RingReader(
            (self._memory["tap_frames"], self._memory["tap"]), self._memory["tap_indices"]
        )
        self._notes = RingWriter(self._memory["notes"], self._memory["note_indices"])
        self.played.read()  # loads what reads rings, for which the first note is not to wait
        self._instruments = dict(instruments)
        self.equal_loudness = equal_loudness
        self.reverb = reverb
        self._compensations: dict[str, list[float]] = {}
        self._next_id = 0
        self._one_writer = threading.Lock()  # among Python's threads; the callback knows of none
        set_up_clock(self._memory)
        set_up(self._memory, reverb, sample_rate)
        self._tail_frames = tail_frames(reverb, sample_rate)
        state = self.state
        state["sample_rate"] = sample_rate
        state["polyphony"] = polyphony
        state["free"] = VOICE_SLOTS
        self._memory["free"][:] = np.arange(VOICE_SLOTS)[::-1]
        state["position"] = QUANTUM
        state["stop_frame"] = NEVER
        state["limiter_gain"] = state["limiter_need"] = 1
        state["duck_gain"] = state["duck_gain_before"] = 1
        state["duck_floor"] = DUCKED_GAIN
        state["gain"] = state["volume"] = _gain(volume_db)

    @classmethod
    def for_session(cls, session: SoundingSession, sample_rate: int) -> Self:
        """Return an engine that sounds as a session says, for listening and rendering alike."""
        return cls(
            sample_rate,
            volume_db=session.audio.volume_db,
            instruments=session.all_instruments,
            equal_loudness=session.audio.equal_loudness,
            reverb=session.audio.reverb,
        )

    @property
    def callback_address(self) -> int:
        """Address of the machine code, a PortAudio stream callback."""
        return int(self._machine_code.address)

    @property
    def user_data_address(self) -> int:
        """Address that the callback takes as its user data."""
        return int(self._memory[ADDRESSES].ctypes.data)

    @property
    def frame(self) -> int:
        """The clock: frames that were handed out so far."""
        return int(self.state["frame"])

    @property
    def queue_space(self) -> int:
        """How many more notes can be handed over at this moment."""
        return self._notes.free()

    @property
    def earliest_frame(self) -> int:
        """The first frame that a note handed over now reaches in time, with a block to spare."""
        return self.frame + 2 * int(self.state["block_frames"]) + 2 * QUANTUM

    def frame_at(self, time_ns: int) -> int:
        """Return the frame that the device asks for at a time, free of the jitter of its blocks.

        Parameters
        ----------
        time_ns
            By `clock.now_ns`, at most some seconds ago or ahead.
        """
        state = self.state
        if not state["origin_ns"]:  # no device has asked yet
            return self.frame
        elapsed_s = (time_ns - int(state["origin_ns"])) / 1e9
        frames = elapsed_s * self.sample_rate - float(state["lead"])
        return int(state["origin_frame"]) + round(frames)

    @property
    def stop_frame(self) -> int:
        """The frame from which there is silence, set by `stop_at`; far away if it was not."""
        return int(self.state["stop_frame"])

    def play(self, note: PlayableNote) -> int | None:
        """Hand a note to the callback.

        Returns
        -------
        int or None
            The note's number, as the report of its start names it; None if the ring is full, and
            the note is not played.

        Raises
        ------
        UsageError
            If the note has a value that can't be played.
        """
        frequency, level_db, pan = note.frequency_hz, note.level_db, note.pan
        brightness = note.brightness
        if note.instrument not in self._numbers:
            raise UsageError(f'instrument "{note.instrument}" is not known')
        # What lies above Nyquist is silent: at 8 kHz the highest MIDI notes are, and no mistake.
        if not (0 < frequency <= MAX_SAMPLE_RATE):
            raise UsageError(f"frequency {frequency} Hz; up to {MAX_SAMPLE_RATE} Hz is allowed")
        if not (level_db <= MAX_LEVEL_DB and -1 <= pan <= 1):
            raise UsageError(
                f"level {level_db} dBFS, pan {pan}; up to 0 dBFS and -1 to 1 are allowed"
            )
        if not -MAX_BRIGHTNESS <= brightness <= MAX_BRIGHTNESS:
            raise UsageError(f"brightness {brightness}; -1 to 1 is allowed")
        if not (0 <= note.tremolo_hz <= MAX_TREMOLO_HZ and 0 <= note.tremolo_depth <= 1):
            raise UsageError(
                f"tremolo of {note.tremolo_hz} Hz, depth {note.tremolo_depth}; "
                f"up to {MAX_TREMOLO_HZ:g} Hz and 0 to 1 are allowed"
            )
        if not 0 <= note.reverb_send <= MAX_REVERB_SEND:
            raise UsageError(f"reverb send {note.reverb_send}; 0 to {MAX_REVERB_SEND:g} is allowed")
        if not 0 < note.duration_frames <= MAX_NOTE_S * self.sample_rate:
            raise UsageError(f"duration of {note.duration_frames} frames; up to a day is allowed")
        level_db += self.compensation_db(note.instrument, frequency)
        with self._one_writer:
            return self._enqueue(
                note.onset_frame,
                note.duration_frames,
                frequency,
                db_to_amplitude(level_db),
                pan,
                brightness,
                self._numbers[note.instrument],
                note.held_key,
                note.glide_frames,
                note.foreground,
                hash(note.stream) if note.stream else NOBODY,
                0,
                note.tremolo_hz,
                note.tremolo_depth,
                note.reverb_send,
            )

    def change_instruments(self, instruments: Mapping[str, Instrument]) -> None:
        """Let notes from now on name these instruments; those that sound stay as they are.

        Raises
        ------
        UsageError
            They are more than 512, their samples more than an engine may hold, or there is no room
            beside those that still sound. Then nothing changes.
        """
        _check("instruments", len(instruments), 1, MAX_INSTRUMENTS, "of them")
        self._tables.check(instruments)
        before = self._instruments
        new = {
            name: instrument
            for name, instrument in instruments.items()
            if name not in before or not instrument.same_as(before[name])
        }
        rows = self._tables.add(new)
        with self._one_writer:  # no note names an old row after it was retired
            goes_on = {name: row for name, row in self._numbers.items() if name in instruments}
            self._numbers, old = goes_on | rows, self._numbers
            for row in set(old.values()) - set(self._numbers.values()):
                self._tables.retire(row)
        for name in list(self._compensations):
            if name in new or name not in instruments:
                del self._compensations[name]
        self._instruments = dict(instruments)

    def release_unused(self) -> None:
        """Free the instruments of before and their samples once nothing of them sounds.

        To be called now and then, by the thread that changes instruments.
        """
        self._tables.reclaim()

    def end_frame(self, note: PlayableNote) -> int:
        """Return the frame from which a note is silent, and the room after it."""
        instrument = self._instruments[note.instrument]
        release = max(instrument.envelope.release, MIN_RAMP_S) * self.sample_rate
        rings = ring_s(instrument, note.frequency_hz, note.brightness) * self.sample_rate
        end = ceil(min(note.duration_frames + int(release), rings))
        return note.onset_frame + end + self._tail_frames

    def render(self, frames: int) -> NDArray[np.float32]:
        """Return the next frames, shape (frames, 2). Releases the GIL."""
        output = np.empty((frames, CHANNELS), np.float32)
        self._call(None, output.ctypes.data, frames, None, 0, self.user_data_address)
        return output

    def set_volume(self, volume_db: float, *, frame: int = AS_SOON_AS_POSSIBLE) -> int | None:
        """Let the master volume glide to a level in dB; ``-inf`` mutes.

        Parameters
        ----------
        volume_db
            The level.
        frame
            When; by default as soon as possible.

        Returns
        -------
        int or None
            Its number, as the report names it once it was done; None if the ring is full.

        Raises
        ------
        UsageError
            If it is above 24 dB or not a number.
        """
        gain = _gain(volume_db)
        with self._one_writer:
            return self._enqueue(
                frame, 0, 0.0, gain, 0.0, 0.0, VOLUME, 0, 0, 0, NOBODY, 0, 0.0, 0.0, 1.0
            )

    def stop_at(self, frame: int) -> None:
        """Fade out so that there is silence from a frame on."""
        self.state["stop_frame"] = frame

    def stop_soon(self) -> int:
        """Fade out now, unless that was done; return the frame from which there is silence."""
        # The block that is being filled at this moment, and what is synthesised ahead of it, are
        # past changing.
        ahead = int(self.state["block_frames"]) + 2 * QUANTUM
        stop = min(self.stop_frame, self.frame + ahead + FADE_FRAMES)
        self.stop_at(stop)
        return stop

    def open_tap(self) -> None:
        """Copy every finished quantum to `tap` from now on; without a reader they are lost."""
        self.state["tap_on"] = 1

    def close_tap(self) -> None:
        """Copy no more quanta."""
        self.state["tap_on"] = 0

    def attach_device(self, sample_rate: int | None = None) -> None:
        """Tell the callback that another device calls it from now on; the sound fades in there.

        Nobody may be rendering meanwhile.

        Parameters
        ----------
        sample_rate
            The device's: what it gets is resampled. None is the engine's.
        """
        set_up_resampler(self._memory, self.sample_rate, sample_rate or self.sample_rate)
        self.state["origin_ns"] = 0
        self.state["fade_in"] = FADE_FRAMES

    def touch(self) -> None:
        """Let the system lay out the memory in this process, before the callback needs it."""
        self._block.touch()

    def _enqueue(self, onset_frame: int, *rest: float) -> int | None:
        """Put a `NOTE` in the ring; return its number, or None if the ring is full."""
        number = self._next_id
        if not self._notes.write((onset_frame, number, *rest)):
            return None
        self._next_id += 1
        return number

    def compensation_db(self, instrument: str, frequency_hz: float) -> float:
        """Return by how much a note is raised, so that all are heard as equally loud."""
        if not self.equal_loudness:
            return 0.0
        table = self._compensations.get(instrument)
        if table is None:
            table = compensation_db(self._instruments[instrument], self.sample_rate).tolist()
            self._compensations[instrument] = table
        place = min(max(hz_to_midi(frequency_hz), 0.0), NOTES - 1.000_001)
        below = int(place)
        return table[below] + (place - below) * (table[below + 1] - table[below])


def check_volume(volume_db: float) -> None:
    """Raise `UsageError` if a volume is above 24 dB or not a number."""
    if not volume_db <= MAX_VOLUME_DB:
        raise UsageError(f"volume {volume_db} dB; up to {MAX_VOLUME_DB} dB is allowed")


def _gain(volume_db: float) -> float:
    check_volume(volume_db)
    return db_to_amplitude(volume_db)


def _check(what: str, value: float, low: float, high: float, unit: str) -> None:
    if not (isfinite(value) and low <= value <= high):
        raise UsageError(f"{what} {value}; {low} to {high} {unit} is allowed")
