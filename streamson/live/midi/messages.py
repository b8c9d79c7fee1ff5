"""The messages that go to a MIDI port, as bytes.

Channels are counted from 0. MPE is MIDI Polyphonic Expression (M1-100-UM, MIDI Manufacturers
Association, 2018): a zone of member channels, each with one note, and a master channel for all.
"""

from collections.abc import Iterator
from typing import Any, Final

from streamson._optional import import_optional

MASTER: Final = 0
"""Of the lower zone; it plays no note."""

MEMBERS: Final = 15
"""Channels of the lower zone beside it: all there are."""

CHANNELS: Final = tuple(channel for channel in range(1, 16) if channel != 9)
"""Those that play notes: to who knows nothing of MPE, 9 is percussion."""

BEND_SEMITONES: Final = 48
"""What a bend of all the way is: MPE's own, so that a receiver of it needs not be told."""

MAX_BEND: Final = 8_192
"""A step of the bend is 0.6 cents."""

PAN: Final = 10
EXPRESSION: Final = 11
BRIGHTNESS: Final = 74

_DATA: Final = 6
_DATA_FINE: Final = 38
_PARAMETER_FINE: Final = 100
_PARAMETER: Final = 101
_ALL_NOTES_OFF: Final = 123
_BEND_RANGE: Final = (0, 0)
_MPE_CONFIGURATION: Final = (0, 6)
_NO_PARAMETER: Final = (127, 127)


class Messages:
    """Makes them, by mido.

    Raises
    ------
    MissingDependencyError
        If mido is not installed.
    """

    def __init__(self) -> None:
        self._mido = import_optional("mido", "midi", "MIDI")

    def note_on(self, channel: int, key: int, velocity: int) -> list[int]:
        """Begin a note."""
        return self._bytes("note_on", channel=channel, note=key, velocity=velocity)

    def note_off(self, channel: int, key: int) -> list[int]:
        """End a note."""
        return self._bytes("note_off", channel=channel, note=key)

    def program(self, channel: int, program: int) -> list[int]:
        """Choose a program."""
        return self._bytes("program_change", channel=channel, program=program)

    def control(self, channel: int, control: int, value: int) -> list[int]:
        """Set a controller."""
        return self._bytes("control_change", channel=channel, control=control, value=value)

    def bend(self, channel: int, bend: int) -> list[int]:
        """Bend all notes of a channel; -`MAX_BEND` to `MAX_BEND` - 1."""
        return self._bytes("pitchwheel", channel=channel, pitch=bend)

    def all_notes_off(self, channel: int) -> list[int]:
        """End all notes of a channel."""
        return self.control(channel, _ALL_NOTES_OFF, 0)

    def tick(self) -> list[int]:
        """Tell that a 24th of a beat has passed."""
        return self._bytes("clock")

    def start(self) -> list[int]:
        """Tell that the next tick is the first of a beat."""
        return self._bytes("start")

    def stop(self) -> list[int]:
        """Tell that there are no more beats."""
        return self._bytes("stop")

    def configuration(self) -> Iterator[list[int]]:
        """Yield what a receiver is told before all else.

        The range of the bend is told for each channel: who knows nothing of MPE understands that.
        """
        yield from self._set(MASTER, _MPE_CONFIGURATION, MEMBERS)
        for channel in CHANNELS:
            yield from self._set(channel, _BEND_RANGE, BEND_SEMITONES)

    def _set(self, channel: int, parameter: tuple[int, int], value: int) -> Iterator[list[int]]:
        """Yield what sets a registered parameter, and protects it from what comes after."""
        yield from self._choose(channel, parameter)
        yield self.control(channel, _DATA, value)
        yield self.control(channel, _DATA_FINE, 0)
        yield from self._choose(channel, _NO_PARAMETER)

    def _choose(self, channel: int, parameter: tuple[int, int]) -> Iterator[list[int]]:
        yield self.control(channel, _PARAMETER, parameter[0])
        yield self.control(channel, _PARAMETER_FINE, parameter[1])

    def _bytes(self, kind: str, **values: Any) -> list[int]:
        found: list[int] = self._mido.Message(kind, **values).bytes()
        return found
