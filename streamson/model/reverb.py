"""What a room is that the instruments stand in."""

import msgspec


class Reverb(msgspec.Struct, frozen=True):
    """A room that the whole mix is sent to.

    Attributes
    ----------
    level
        Power of what the room adds to a steady sound, in dB beside the sound itself.
    decay
        Seconds in which the room's answer falls by 60 dB.
    """

    level: float = -15.0
    decay: float = 1.2
