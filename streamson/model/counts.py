"""What the score counts."""

import msgspec


class Counts(msgspec.Struct):
    """What became of the points: each is a note, merged or a rest for each part that plays it.

    Attributes
    ----------
    notes
        Notes of points handed out.
    merged
        Points that came too fast and were merged with others.
    rests
        Points without a value for the pitch; in a sequence the rest takes its duration.
    streams_refused
        Streams beyond `score.MAX_STREAMS`; counted up to as many again.
    points_refused
        Points of those streams.
    streams_forgotten
        Streams that gave their places back after a long silence.
    faults
        Times that a fault of the program left out a point, or what waited with it.
    clamped
        Values that lay outside the range they were rescaled in.
    alerts
        Times that a value left its band.
    cue_notes
        Notes of cues handed out.
    cues_left_out
        Cues that would have come too late, behind others.
    ticks
        Ticks at the ends of a range handed out.
    """

    notes: int = 0
    merged: int = 0
    rests: int = 0
    streams_refused: int = 0
    points_refused: int = 0
    streams_forgotten: int = 0
    faults: int = 0
    clamped: int = 0
    alerts: int = 0
    cue_notes: int = 0
    cues_left_out: int = 0
    ticks: int = 0
