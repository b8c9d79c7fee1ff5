"""What the score counts."""

import msgspec


class Counts(msgspec.Struct):
    """What became of the points: each is one of these for each part that plays it.

    Attributes
    ----------
    notes
        Notes handed out.
    merged
        Points that came too fast and were merged with others.
    rests
        Points without a value for the pitch; in a sequence the rest takes its duration.
    streams_refused
        Streams beyond `score.MAX_STREAMS`; counted up to as many again.
    points_refused
        Points of those streams.
    clamped
        Values that lay outside the range they were rescaled in.
    """

    notes: int = 0
    merged: int = 0
    rests: int = 0
    streams_refused: int = 0
    points_refused: int = 0
    clamped: int = 0
