"""Statistics: what a listener received, played and lost, in one structure for whoever shows it."""

import msgspec

from streamson.model.counts import ReceiverCounts
from streamson.model.note import Note


class Statistics(ReceiverCounts, kw_only=True):
    """A listener's counters and figures at one moment: what its receiver has seen, and what became.

    Connections that were cut or refused are here those to the feed and its commands, too.

    Attributes
    ----------
    seconds
        Sound so far, in seconds.
    points_coalesced, rests, points_unplayed, streams_refused, points_of_refused_streams
        As of `ScoreCounts`; of coalesced points also those that wait for that.
    streams_forgotten, faults, values_clamped, alerts, earcons_left_out, notes_missed, clock_shifts,
    series_refused
        As of `ScoreCounts`; faults also of what is not the score's.
    streams
        Streams played at this moment.
    notes_played, notes_late, notes_stolen
        Notes of points begun; of these, and of those of earcons, begun after their time, and faded
        out early for newer notes.
    notes_waiting
        Notes, those of earcons included, whose onset is still to come.
    notes_dropped
        Notes that did not fit into the synthesiser's queue.
    notes_unreported
        Notes begun that the listener was too busy to be told of: a recorded session lacks them.
    streams_in_front
        Of these, such as play notes of their own; the others are the bed.
    streams_came_forward, points_in_bed
        As of `ScoreCounts`.
    alerts_sounded, alerts_merged, alerts_acknowledged, alerts_trembling, alerts_repeated
        As of `ScoreCounts`.
    alerts_waiting
        Alerts that are to be told as one, once the budget of sounds lets them.
    alerts_active, streams_stale
        Alerts that are not over; streams that fell silent and are not back.
    lag_s
        How long after its point the last note of the stream that lags most was to begin, seconds.
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
    feed_readers, feed_left_out
        Connections to the feed; notes and events that it had no room for.
    commands, commands_refused
        Commands that were carried out; those that were not, and what was none.
    """

    seconds: float
    points_coalesced: int
    rests: int
    points_unplayed: int = 0
    streams_refused: int
    points_of_refused_streams: int
    streams_forgotten: int
    faults: int
    values_clamped: int
    alerts: int
    earcons_left_out: int
    notes_missed: int = 0
    clock_shifts: int = 0
    streams: int
    notes_played: int
    notes_late: int
    notes_stolen: int
    notes_waiting: int
    notes_dropped: int
    notes_unreported: int
    alerts_active: int
    streams_stale: int
    lag_s: float
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
    notes_muted: int = 0
    feed_readers: int = 0
    feed_left_out: int = 0
    commands: int = 0
    commands_refused: int = 0
    alerts_sounded: int = 0
    alerts_merged: int = 0
    alerts_acknowledged: int = 0
    alerts_trembling: int = 0
    alerts_repeated: int = 0
    alerts_waiting: int = 0
    series_refused: int = 0
    streams_in_front: int = 0
    streams_came_forward: int = 0
    points_in_bed: int = 0


class StreamStatistics(msgspec.Struct, frozen=True, gc=False):  # thousands, and none in a circle
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
        Between which values of its pitch's field its notes reach from end to end at this moment,
        or, where they are equalised, nearly so; None where there is no such range.
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
    front
        Whether it plays notes of its own; else it is one of those that the bed tells of.
    surprise
        Of how many decades of points its last ones are the most unusual, 0 to 12; it is followed
        where there are more streams than may be in front.
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
    front: bool = True
    surprise: float = 0.0
