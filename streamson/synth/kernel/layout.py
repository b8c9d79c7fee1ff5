"""The layout of the engine's memory: every array, what is in its cells, and how many there are."""

from typing import Any, Final

import numpy as np

from streamson.model.limits import CHANNELS, MAX_PARTIALS
from streamson.synth.kernel.ring import INDICES

QUANTUM: Final = 64
"""Frames that the engine renders at a time, aligned to the frame counter, whatever the device asks
for: so the size of the device's blocks can't change the sound. 1.5 ms at 44.1 kHz."""

MAX_VOICES: Final = 1_024
FADE_VOICES: Final = 64
"""Slots beyond the polyphony, for stolen voices that are still fading out."""

VOICE_SLOTS: Final = MAX_VOICES + FADE_VOICES
MAX_INSTRUMENTS: Final = 512
"""Instruments that notes may name at one moment."""

INSTRUMENT_ROWS: Final = 2 * MAX_INSTRUMENTS
"""As many again: those of the session before go on while something of them sounds."""

NOTE_RING: Final = 4_096
"""Notes on their way to the callback."""

PENDING_NOTES: Final = 4_096
"""Notes in the callback that wait for their onset."""

PLAYED_RING: Final = 8_192
"""Reports of notes on their way back: as many as there may be notes in the ring and the heap."""

REFUSED: Final = -1
"""In place of a reported onset: there was no slot for the note."""

TAP_QUANTA: Final = 8_192
"""Quanta on their way to the recorder: 11.9 s at 44.1 kHz."""

LINES: Final = 8
LINE_FRAMES: Final = 16_384
"""Length of each of the reverb's delay lines: a power of two, 85 ms at 192 kHz."""

MIPMAPS: Final = 13
"""Copies of a sampled sound, half an octave apart: it can be played up to six octaves higher."""

TILT_STAGES: Final = 2
"""Of the filter that makes a sampled sound bright or dull (`synth.kernel.tilt`)."""

TILT_STATES: Final = 2 * TILT_STAGES
"""Each of its stages is there twice."""

TILT_STEPS: Final = 17
"""Brightnesses from -1 to 1 for which it is known how loud the filter makes a sound."""

MAX_SAMPLE_BYTES: Final = 2**30
"""Of the samples that notes may name at one moment: six minutes of sound at 48 kHz, for each of
whose frames there are 55 bytes (`synth.mipmaps`)."""

SAMPLE_BYTES: Final = np.dtype(np.float32).itemsize
SAMPLE_FRAMES: Final = 2 * MAX_SAMPLE_BYTES // (CHANNELS * SAMPLE_BYTES)
"""Room for samples: as many again for those of the session before that still sound. It is only
reserved; what is not used takes no memory."""

MAX_RATE_RATIO: Final = 24
"""Of the engine's rate to the device's: 192 kHz to 8 kHz."""

RESAMPLER_TAPS: Final = 128
"""Frames that a frame of another rate is made of, where that rate is not lower."""

RESAMPLER_PHASES: Final = 512
RESAMPLER_FRAMES: Final = MAX_RATE_RATIO * (RESAMPLER_TAPS + QUANTUM) + 2 * QUANTUM

NEVER: Final = 2**62

VOLUME: Final = -1
"""In place of a note's instrument: it is no note, but sets the master volume to its amplitude."""

NOTE: Final = np.dtype(
    [
        ("onset", np.int64),  # frame; negative: as soon as possible
        ("id", np.int64),
        ("duration", np.int64),  # frames until the release
        ("frequency", np.float64),  # Hz
        ("amplitude", np.float32),  # of the note's peak, before pan and volume
        ("pan", np.float32),
        ("brightness", np.float32),
        ("instrument", np.int64),
        ("key", np.int64),  # of the held voice that glides to the note; 0: a voice of its own
        ("glide", np.int64),  # frames that it takes
        ("foreground", np.int64),  # 1: others make room for it
        ("source", np.int64),  # whose it is: of one, equal notes are told apart; 0: nobody's
        ("rest", np.int64),  # frames that it was put off by, so that it is heard to begin
        ("tremolo_hz", np.float64),  # 0: none
        ("tremolo_depth", np.float32),  # how much of the level it takes away, 0 to 1
        ("reverb_send", np.float32),  # how much of it goes into the room; 1: all
    ],
    align=True,
)

PLAYED: Final = np.dtype(
    [
        ("id", np.int64),
        ("onset", np.int64),  # frame at which the note really began; or REFUSED
        ("time_ns", np.int64),  # when the callback handed it to the device; see `clock`
    ]
)

VOICE: Final = np.dtype(
    [
        ("onset", np.int64),
        ("peak", np.int64),  # frame at which the attack ends
        ("steady", np.int64),  # frame from which the envelope stands still, until the dip
        ("dip", np.int64),  # frame at which the dip begins that sets the note apart
        ("release", np.int64),  # frame at which the release begins
        ("cut", np.int64),  # frame at which it began to end early; NEVER
        ("end", np.int64),  # first silent frame
        ("attack_rate", np.float32),  # 1 / frames
        ("decay_rate", np.float32),
        ("dip_rate", np.float32),
        ("release_rate", np.float32),
        ("cut_rate", np.float32),
        ("dip_gain", np.float32),  # what the dip leaves; 1: there is none
        ("sustain", np.float32),
        ("bend", np.float32),  # of the envelope's segments; see `envelope`
        ("key", np.int64),  # by which notes find the voice; 0: none do
        ("glide", np.int64),  # quanta that are left of a glide
        ("power", np.float32),  # of both channels at this moment
        ("partials", np.int32),  # -1: it plays a sample instead
        ("instrument", np.int64),
        ("foreground", np.int64),
        ("source", np.int64),  # whose it is; 0: nobody's
        ("frequency", np.float64),  # Hz
        ("tremolo", np.int32),  # of the tremolo's phase, a frame; 0: there is none
        ("tremolo_phase", np.int32),  # at the start of the next quantum; a turn is 2**32
        ("tremolo_depth", np.float32),  # at the start of the next quantum
        ("tremolo_to", np.float32),  # where a glide leads
        ("send", np.float32),  # how much of it goes into the room; 1: all
    ],
    align=True,
)

VOICE_PARTIAL: Final = np.dtype(
    [
        ("left", np.float32),  # gain at the start of the next quantum
        ("right", np.float32),
        ("decay", np.float32),  # factor of the gain from one quantum to the next
        ("decay_1", np.float32),  # and in between: 1 + k (decay_1 + k (decay_2 + k decay_3))
        ("decay_2", np.float32),
        ("decay_3", np.float32),
        ("phase", np.int32),  # at the start of the next quantum; a turn is 2**32
        ("increment", np.int32),  # of the phase, a frame
        ("noise", np.float32),  # width of the band / frequency; 0 is a sine
        ("seed", np.uint32),  # of the noise
        ("cell", np.int32),  # of the noise at the start of the next quantum
        ("within", np.float32),  # place in the cell
        ("left_to", np.float32),  # where a glide leads
        ("right_to", np.float32),
        ("increment_to", np.int32),
    ],
    align=True,
)
"""A partial of a voice, as it sounds."""

INSTRUMENT: Final = np.dtype(
    [
        ("attack", np.float64),  # frames
        ("decay", np.float64),
        ("release", np.float64),
        ("sustain", np.float32),
        ("dip_gain", np.float32),  # what is left of a note when its duration ends
        ("bend", np.float32),
        ("partials", np.int64),
        ("sample_speed", np.float64),  # frames of the file in a frame, for 1 Hz; 0: no sample
        ("sample_end", np.float64),  # frames of the file, or where its loop ends
        ("sample_loop", np.float64),  # frames of the file that repeat; 0: none
        (
            "sample_power",
            np.float64,
        ),  # of a channel, at an amplitude of 1, without pauses
        ("identity", np.int64),  # the same in all rows of instruments that sound the same
    ],
    align=True,
)

PARTIAL: Final = np.dtype(
    [
        ("ratio", np.float64),
        ("level", np.float64),  # amplitude
        ("decay", np.float64),  # of the natural logarithm of the amplitude, a frame
        ("pan", np.float64),
        ("noise", np.float64),  # width of the band / frequency
    ]
)

MIPMAP: Final = np.dtype(
    [
        ("start", np.int64),  # first frame in the samples
        ("ratio", np.float64),  # frames in a frame of the file
        ("margin", np.float64),  # frames before the sound begins
    ]
)
"""A copy of a sampled sound, without what is too high for its speed."""

HEAD: Final = np.dtype(
    [
        ("place", np.float64),  # frames of the file, at the start of the next quantum
        ("speed", np.float64),  # frames of the file in a frame
        ("left", np.float32),  # gain
        ("right", np.float32),
        ("copy", np.int64),
        ("speed_to", np.float64),  # where a glide leads
        ("left_to", np.float32),
        ("right_to", np.float32),
        ("brightness", np.float64),  # 0: it is not filtered
        ("brightness_to", np.float64),
        ("loudness", np.float64),  # gain that makes up for the filter's
    ],
    align=True,
)
"""Where a voice reads its sample, and how it is filtered."""

TILT: Final = np.dtype(
    [
        ("pole", np.float64),  # share of the way to its input that the low-pass goes in a frame
        ("high", np.float64),  # gain above
    ]
)
"""A stage of a voice's filter, at the start of the next quantum."""

STATE: Final = np.dtype(
    [
        # What a process that dies in the midst of the callback leaves behind.
        ("rendering", np.int64),  # 1 while the callback is at work
        ("recovered", np.int64),  # how often a callback found that the last one never ended
        ("void_before", np.int64),  # of notes with lower numbers no report comes any more: mended
        # The frame clock.
        ("frame", np.int64),  # frames handed out so far
        ("synth_frame", np.int64),  # first frame of the next quantum to be synthesised
        ("position", np.int64),  # frames of the finished quantum that are handed out
        ("sample_rate", np.float64),
        # The resampler, where the device has a rate of its own: 0 if it does not.
        ("device_rate", np.int64),
        ("engine_rate", np.int64),
        ("taps", np.int64),
        ("phases", np.int64),
        ("held_frames", np.int64),  # of the engine, in `resampler_frames`
        ("whole", np.int64),  # where the next frame's first tap lies in them
        ("part", np.int64),  # and how far behind it, in frames / device_rate
        # Voices.
        ("polyphony", np.int64),
        ("active", np.int64),  # voices in `active`, those that are fading included
        ("fading", np.int64),  # those that end early among them
        ("foreground", np.int64),  # voices in the foreground among them
        ("duck_gain", np.float64),  # gain of all others, less than 1 while there are such
        ("duck_gain_before", np.float64),  # the same at the start of the quantum
        ("duck_held", np.int64),  # frames for which it stays as it is without such
        ("duck_floor", np.float64),  # where it leads while there are such
        ("said_power", np.float64),  # of the softest sample in the foreground; 0: none sounds
        ("mix_power", np.float64),  # of all others in a channel, as of late; 0: not yet known
        ("free", np.int64),  # slots in `free`
        ("pending", np.int64),  # notes in `note_heap`
        # Master: the first two are written by Python.
        ("volume", np.float64),  # target gain
        ("stop_frame", np.int64),  # silence from here on, after a fade
        ("fade_in", np.int64),  # frames that are left of the fade in on a new device
        ("gain", np.float64),  # gain at this moment, on its way to the volume
        ("limiter_gain", np.float64),  # at the start of the held quantum
        ("limiter_need", np.float64),  # the most that the held quantum bears
        ("limiter_peak", np.float64),  # of the held quantum
        ("tap_on", np.int64),  # written by Python
        # The reverb.
        ("reverb_gain", np.float64),  # of what comes out of the lines; 0: no reverb
        ("reverb_frames", np.int64),  # in which it rings out
        ("reverb_left", np.int64),  # of those
        ("reverb_position", np.int64),  # in the lines
        ("sends", np.int64),  # 1: a voice of this quantum sends more, or less, than all of it
        # Counts.
        ("played", np.int64),
        ("foreground_played", np.int64),
        ("late", np.int64),
        ("stolen", np.int64),
        ("refused", np.int64),  # notes for which there was no slot
        ("unreported", np.int64),  # notes whose report had no room
        ("invalid", np.int64),  # quanta silenced because a sample was not finite
        ("peak", np.float64),  # the largest sample so far
        ("limited", np.int64),  # quanta in which the limiter worked
        ("tap_lost", np.int64),  # quanta that the tap had no room for
        # The callback seen by the clock.
        ("blocks", np.int64),
        ("block_frames", np.int64),  # of the last one
        ("underflows", np.int64),  # as the device reports them
        ("missed", np.int64),  # blocks, as the clock tells
        ("busy_ns", np.int64),
        ("busy_ns_max", np.int64),
        ("last_ns", np.int64),  # when the last block was asked for; 0: none yet
        ("origin_ns", np.int64),  # when the first was; Python sets it to 0 for a new device
        ("origin_frame", np.int64),
        ("lead", np.float64),  # frames that the device is behind the clock at its best
    ]
)


LAYOUT: Final[dict[str, tuple[tuple[int, ...], Any]]] = {
    # Counters and settings.
    "state": ((1,), STATE),
    # Rings: notes in, reports of started notes out, finished quanta out (first frame, samples).
    "notes": ((NOTE_RING,), NOTE),
    "note_indices": ((INDICES,), np.int64),
    "played": ((PLAYED_RING,), PLAYED),
    "played_indices": ((INDICES,), np.int64),
    "tap_frames": ((TAP_QUANTA,), np.int64),
    "tap": ((TAP_QUANTA, QUANTUM, CHANNELS), np.float32),
    "tap_indices": ((INDICES,), np.int64),
    # Heap of notes by onset, and a place for one that is put off.
    "note_heap": ((PENDING_NOTES + 1,), NOTE),
    # Per slot, and per slot and partial.
    "voices": ((VOICE_SLOTS,), VOICE),
    "voice_partials": ((VOICE_SLOTS, MAX_PARTIALS), VOICE_PARTIAL),
    "heads": ((VOICE_SLOTS,), HEAD),
    # The filter of a sample: its stages, and what their low-passes hold.
    "tilts": ((VOICE_SLOTS, TILT_STAGES), TILT),
    "tilt_states": ((VOICE_SLOTS, TILT_STATES, CHANNELS), np.float64),
    # Slot numbers: sounding voices in the order of their onsets, and unused slots.
    "active": ((VOICE_SLOTS,), np.int64),
    "free": ((VOICE_SLOTS,), np.int64),
    # The tables, and how many waiting notes and voices refer to each of their rows.
    "instruments": ((INSTRUMENT_ROWS,), INSTRUMENT),
    "partials": ((INSTRUMENT_ROWS, MAX_PARTIALS), PARTIAL),
    "mipmaps": ((INSTRUMENT_ROWS, MIPMAPS), MIPMAP),
    "tilt_gains": ((INSTRUMENT_ROWS, MIPMAPS, TILT_STEPS), np.float32),
    "references": ((INSTRUMENT_ROWS,), np.int64),
    # One voice's envelope, its sample before envelope and gains; then the quanta being mixed, held
    # by the limiter, and finished.
    "envelope": ((QUANTUM,), np.float32),
    "taken": ((CHANNELS, QUANTUM), np.float32),
    "bus": ((CHANNELS, QUANTUM), np.float32),
    # What goes into the room beside what is on the bus; the bus before a voice came to it.
    "sends": ((CHANNELS, QUANTUM), np.float32),
    "kept": ((CHANNELS, QUANTUM), np.float32),
    "held": ((CHANNELS, QUANTUM), np.float32),
    "ready": ((CHANNELS, QUANTUM), np.float32),
    # One channel of the bus after the end of what is held.
    "joined": ((2 * QUANTUM,), np.float32),
    # The reverb's delay lines, the first quantum again at their ends; what comes out of them,
    # their lengths, and what they let through.
    "lines": ((LINES, LINE_FRAMES + QUANTUM), np.float32),
    "lines_out": ((LINES, QUANTUM), np.float32),
    "line_delays": ((LINES,), np.int64),
    "line_gains": ((LINES,), np.float32),
    # The resampler: a row of taps for each phase, and the engine's frames that they are laid over.
    "resampler_taps": ((2 * RESAMPLER_PHASES * RESAMPLER_TAPS,), np.float32),
    "resampler_frames": ((RESAMPLER_FRAMES, CHANNELS), np.float32),
    # What the system's clock writes: seconds and nanoseconds, or ticks, of which the second cell
    # says how many there are in a second.
    "clock": ((2,), np.int64),
    # The samples, wherever there is room.
    "sample_left": ((SAMPLE_FRAMES,), np.float32),
    "sample_right": ((SAMPLE_FRAMES,), np.float32),
}
"""Name, shape and type of every array of an engine."""

ADDRESSES: Final = "addresses"
"""The table of the arrays' addresses, whose own address the callback is given."""
