"""How all that is played sounds together."""

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


class Audio(msgspec.Struct, frozen=True):
    """The sound as a whole: the ``[audio]`` table of a session.

    Attributes
    ----------
    volume_db
        Master volume.
    sample_rate
        Frames a second; None where the device's own will do.
    look_ahead
        Seconds from a point's arrival to the onset of its note, always the same; 0 is as soon as
        possible, a block of the device more or less.
    equal_loudness
        Whether notes of one level are made equally loud, whatever their pitch and instrument.
    reverb
        The room that all sounds in; None is none.
    """

    volume_db: float = -3.0
    sample_rate: int | None = None
    look_ahead: float = 0.0
    equal_loudness: bool = False
    reverb: Reverb | None = None
