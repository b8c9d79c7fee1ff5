"""What rooms count while they work: fields that `Statistics` has too are taken over by name."""

from typing import Final

import msgspec


class ScoreCounts(msgspec.Struct):
    """What became of the points: each is a note, coalesced or a rest for each part that plays it.

    Attributes
    ----------
    notes
        Notes of points handed out, and of who comes to the front.
    points_coalesced
        Points that came too fast, and of whose values others tell, once for each part.
    rests
        Points without a value for the pitch; in a sequence the rest takes its duration.
    points_unplayed
        Points without a field that any part's pitch follows; they may be rests or coalesced as
        well.
    streams_refused
        Streams beyond the limit; counted up to as many again.
    points_of_refused_streams
        Points of those.
    streams_forgotten
        Streams that gave their places back after a long silence.
    faults
        Times that a fault of the program left out a point, or what waited with it.
    values_clamped
        Values that lay outside the range they were rescaled in.
    alerts
        Times that a value left its band, or was unusual.
    alerts_sounded, alerts_merged, alerts_acknowledged
        What became of these, of silent streams, and of losses: they sounded by themselves; they
        were told with others, or by what was told of their kind before; somebody knew of them
        before they sounded. What is none of these waits.
    alerts_trembling
        Alerts that were not told, because the same one was a moment before.
    alerts_repeated
        Alerts that sounded once more, since they last.
    series_refused
        Fields of streams of which nobody can say what is usual, because too many are followed.
    earcon_notes
        Notes of earcons handed out.
    earcons_left_out
        Earcons that would have come too late, behind others.
    range_ticks
        Ticks at the ends of a range handed out.
    beacons
        Tones of reference handed out.
    streams_came_forward
        Times that a stream came to the front, where there are more than play at a time.
    points_in_bed
        Points of streams that were not in front.
    bed_notes
        Notes of the bed that these are, handed out.
    notes_missed, clock_shifts
        Where the notes of another listener are played: notes that never came, or could not be
        played here; times that its frames were mapped anew to those here, because the clocks had
        drifted apart.
    """

    notes: int = 0
    points_coalesced: int = 0
    rests: int = 0
    points_unplayed: int = 0
    streams_refused: int = 0
    points_of_refused_streams: int = 0
    streams_forgotten: int = 0
    faults: int = 0
    values_clamped: int = 0
    alerts: int = 0
    alerts_sounded: int = 0
    alerts_merged: int = 0
    alerts_acknowledged: int = 0
    alerts_trembling: int = 0
    alerts_repeated: int = 0
    series_refused: int = 0
    earcon_notes: int = 0
    earcons_left_out: int = 0
    range_ticks: int = 0
    beacons: int = 0
    streams_came_forward: int = 0
    points_in_bed: int = 0
    bed_notes: int = 0
    notes_missed: int = 0
    clock_shifts: int = 0


class ReceiverCounts(msgspec.Struct):
    """What a receiver has seen so far.

    Attributes
    ----------
    points_received
        Points that were decoded.
    points_lost
        Points whose sequence numbers never came, by any way.
    points_repeated
        Points that came before, as a relay sends the last ones again, or by a second relay: left
        out.
    messages_refused
        Messages that broke the format or a limit.
    over_messages_per_second, over_points_per_second, over_new_streams_per_second
        Messages left out because their source sent too many, or too many points, or began too many
        streams. Their points, where they are numbered, and the stream is known, count as lost.
    over_streams_per_source, over_streams
        Messages left out because there was no place for their stream.
    over_new_sources
        Messages left out because too many sources were new.
    sources, clocks_wrong, worst_clock_skew_s
        Sources that are followed; those whose clock is wrong by two seconds or more, as far as
        their points tell, which may be of a recording; and how far the one that is most so is
        ahead, in seconds, negative where it is behind.
    messages_shed
        Large messages dropped undecoded, because more came than could be read.
    times_replaced
        Points whose time no clock can show, replaced by the time at which they came.
    connections_cut
        Connections that were cut off, because they brought too much, or nothing at all.
    connections_refused
        Connections that were not let in, because their keys are not allowed.
    receiver_restarts
        How often the process that receives died and was replaced.
    """

    points_received: int = 0
    points_lost: int = 0
    points_repeated: int = 0
    messages_refused: int = 0
    over_messages_per_second: int = 0
    over_points_per_second: int = 0
    over_new_streams_per_second: int = 0
    over_streams_per_source: int = 0
    over_streams: int = 0
    over_new_sources: int = 0
    sources: int = 0
    clocks_wrong: int = 0
    worst_clock_skew_s: float = 0.0
    messages_shed: int = 0
    times_replaced: int = 0
    connections_cut: int = 0
    connections_refused: int = 0
    receiver_restarts: int = 0

    @property
    def messages_over_limits(self) -> int:
        """Messages left out because their source, or all, brought too much."""
        return sum(getattr(self, name) for name in OVER_LIMITS)


OVER_LIMITS: Final = tuple(
    name for name in ReceiverCounts.__struct_fields__ if name.startswith("over_")
)
"""What counts those messages."""
