"""Statistics: what a listener received, played and lost, in one structure for whoever shows it."""

import msgspec

from streamson.model.counts import OVER_LIMITS
from streamson.model.note import Note


class Statistics(msgspec.Struct, frozen=True):
    """A listener's counters and figures at one moment.

    Attributes
    ----------
    seconds
        Sound so far, in seconds.
    points_received, points_lost, messages_refused
        Points decoded; points whose sequence numbers never came; messages that broke the wire
        format or a limit.
    points_repeated
        Points that came before, as a relay sends the last ones again, and were left out.
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
        Points whose time no clock can show, taken as of the time at which they came.
    connections_cut
        Connections, those to the feed and its commands included, that were cut off, because they
        brought too much, or nothing at all, or because there were too many.
    connections_refused
        Connections that were not let in, because their keys are not allowed.
    receiver_restarts
        How often the process that receives died and was replaced.
    streams, streams_refused, streams_forgotten
        Streams played at this moment; streams beyond the limit; streams that gave their places back
        after a long silence.
    points_of_refused_streams
        Points of streams beyond the limit.
    faults
        Faults of the program itself, each of which left out a point, or what waited with it.
    notes_played, notes_late, notes_stolen
        Notes of points begun; of these, and of those of earcons, begun after their time, and faded
        out early for newer notes.
    notes_waiting
        Notes, those of earcons included, whose onset is still to come.
    notes_dropped
        Notes that did not fit into the synthesiser's queue.
    notes_unreported
        Notes begun that the listener was too busy to be told of: a recorded session lacks them.
    points_coalesced
        Points that came faster than they can be heard, and were coalesced, or wait for that.
    alerts, alerts_active, streams_stale
        Times that a value left the band of an alert; alerts that are not over; streams that fell
        silent and are not back.
    earcons_left_out
        Earcons that would have come too late, behind others.
    lag_s
        How long after its point the last note of the stream that lags most was to begin, seconds.
    values_clamped
        Values outside the range they were rescaled in.
    rests
        Points that had no value for a pitch.
    points_unplayed
        Points without a field that any part's pitch follows.
    blocks, blocks_missed, underflows
        Blocks that the device asked for; those it missed, by the clock; those it reported missed.
    callback_load
        Share of the time that the callback needed, 0 to 1.
    latency_median_ms, latency_p99_ms
        From receiving a point to handing its first sample to the device, for notes that begin as
        soon as possible; None before the first.
    peak_dbfs
        The largest sample so far; None in silence.
    devices_lost
        How often the sound device went away.
    recorded_seconds, recording_lost_seconds
        Length of the recording, and of what is missing in it: silence where the disk was too slow,
        and nothing where it took nothing, or files were deleted while they were written.
    recordings_gone
        Times that a recording was deleted or moved while it was written.
    points_unrecorded, notes_unrecorded
        Points, and notes and changes of volume, that a recorded session lacks: the disk was too
        slow, or there was no room in what may be kept.
    events_dropped
        Events that came faster than they could be told.
    notes_muted
        Notes that were not heard, because somebody muted their stream, or soloed others.
    notes_missed, clock_shifts
        Where the notes of another listener are played: notes that never came, or could not be
        played here; times that its frames were mapped anew to those here, because the clocks had
        drifted apart.
    feed_readers, feed_left_out
        Connections to the feed; notes and events that it had no room for.
    commands, commands_refused
        Commands that were carried out; those that were not, and what was none.
    """

    seconds: float
    points_received: int
    points_lost: int
    messages_refused: int
    messages_shed: int
    times_replaced: int
    connections_cut: int
    connections_refused: int
    receiver_restarts: int
    streams: int
    streams_refused: int
    streams_forgotten: int
    points_of_refused_streams: int
    faults: int
    notes_played: int
    notes_late: int
    notes_stolen: int
    notes_waiting: int
    notes_dropped: int
    notes_unreported: int
    points_coalesced: int
    alerts: int
    alerts_active: int
    streams_stale: int
    earcons_left_out: int
    lag_s: float
    values_clamped: int
    rests: int
    blocks: int
    blocks_missed: int
    underflows: int
    callback_load: float
    latency_median_ms: float | None
    latency_p99_ms: float | None
    peak_dbfs: float | None
    devices_lost: int
    recorded_seconds: float
    recording_lost_seconds: float
    recordings_gone: int
    points_unrecorded: int
    notes_unrecorded: int
    events_dropped: int
    points_unplayed: int = 0
    points_repeated: int = 0
    over_messages_per_second: int = 0
    over_points_per_second: int = 0
    over_new_streams_per_second: int = 0
    over_streams_per_source: int = 0
    over_streams: int = 0
    over_new_sources: int = 0
    sources: int = 0
    clocks_wrong: int = 0
    worst_clock_skew_s: float = 0.0
    notes_muted: int = 0
    notes_missed: int = 0
    clock_shifts: int = 0
    feed_readers: int = 0
    feed_left_out: int = 0
    commands: int = 0
    commands_refused: int = 0

    @property
    def messages_over_limits(self) -> int:
        """Messages left out because their source, or all, brought too much."""
        return sum(getattr(self, name) for name in OVER_LIMITS)


class StreamStatistics(msgspec.Struct, frozen=True):
    """What is known of one stream at a moment.

    Attributes
    ----------
    name
        The stream's.
    state
        ``live``; ``alert``, while one is active; ``stale``, when it fell silent; ``ended``, when
        its producer said goodbye.
    fields, time
        Of its last point; the time in seconds since 1970, None before any.
    range
        Between which values of its pitch's field its notes reach from end to end at this moment;
        None where there is no such range.
    points, points_per_second
        How many came, and how many come a second, as of the last seconds.
    points_lost, messages_refused
        Points whose sequence numbers never came; messages that broke the wire format or a limit.
    points_coalesced
        Points that came too fast, and of whose values others tell.
    points_unplayed
        Points without a field that any part's pitch follows.
    clock_skew_s
        How far the clock of its source is ahead, in seconds, negative where it is behind; None
        where it is right but for two seconds.
    notes, last_note
        How many were handed out, and the last one; None before any.
    """

    name: str
    state: str
    fields: dict[str, float]
    time: float | None
    range: tuple[float, float] | None
    points: int
    points_per_second: float
    points_coalesced: int
    notes: int
    last_note: Note | None
    points_lost: int = 0
    points_unplayed: int = 0
    messages_refused: int = 0
    clock_skew_s: float | None = None
