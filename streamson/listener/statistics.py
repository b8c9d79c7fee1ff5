"""A listener's statistics, from what each of its rooms counts."""

from typing import Any, NamedTuple

import msgspec

from streamson._faults import Faults
from streamson.listener.dispatch import NoteDispatcher
from streamson.listener.event_bus import EventBus
from streamson.listener.mixer import Mixer
from streamson.listener.recordings import Recordings
from streamson.listener.sources import PlayedStreams, ReceivedPoints
from streamson.listener.views import Views
from streamson.model.statistics import Statistics, StreamStatistics
from streamson.music.level import amplitude_to_db
from streamson.output.player import Player
from streamson.synth.engine import Engine


class StatisticsSources(NamedTuple):
    """Where a listener's figures come from."""

    receiver: ReceivedPoints
    score: PlayedStreams
    engine: Engine
    dispatcher: NoteDispatcher
    mixer: Mixer
    player: Player
    recordings: Recordings
    bus: EventBus
    faults: Faults
    views: Views | None


def gather(sources: StatisticsSources) -> Statistics:
    """Return the counters and figures of this moment."""
    counted = msgspec.structs.asdict(sources.receiver.counts)
    counted |= msgspec.structs.asdict(sources.score.counts)
    totals = {name: counted[name] for name in Statistics.__struct_fields__ if name in counted}
    if sources.views is not None:
        totals["connections_cut"] += sources.views.cut
        totals["connections_refused"] += sources.views.refused
    totals["faults"] += sources.faults.survived
    totals["points_coalesced"] += sources.score.points_waiting
    return Statistics(
        **totals,
        **_of_engine(sources),
        **_of_recordings(sources.recordings),
        **_of_views(sources.views),
        streams=sources.score.streams,
        streams_in_front=sources.score.streams_in_front,
        alerts_active=sources.score.alerts_active,
        alerts_waiting=sources.score.alerts_waiting,
        streams_stale=sources.score.streams_stale,
        lag_s=sources.score.lag_s,
        latency_median_ms=sources.dispatcher.latency_ms(0.5),
        latency_p99_ms=sources.dispatcher.latency_ms(0.99),
        devices_lost=sources.player.devices_lost,
        events_dropped=sources.bus.dropped,
        notes_muted=sources.mixer.notes_muted,
    )


def gather_streams(receiver: ReceivedPoints, score: PlayedStreams) -> list[StreamStatistics]:
    """Return what is known of each stream that is played."""
    lost, refused = receiver.lost_by_stream, receiver.refused_by_stream
    skews = receiver.clock_skew_by_stream
    streams = score.stream_statistics()
    for i, stream in enumerate(streams):
        name = stream.name
        if name in lost or name in refused or name in skews:  # of thousands only a few
            streams[i] = msgspec.structs.replace(
                stream,
                points_lost=lost.get(name, 0),
                messages_refused=refused.get(name, 0),
                clock_skew_s=skews.get(name),
            )
    return streams


def _of_engine(sources: StatisticsSources) -> dict[str, Any]:
    engine, state, score = sources.engine, sources.engine.state, sources.score.counts
    seconds = min(engine.frame, engine.stop_frame) / engine.sample_rate
    dropped = sources.dispatcher.dropped + int(state["refused"])
    mixer = sources.mixer
    played = int(state["played"])  # those of earcons included
    asides = score.range_ticks + score.beacons + score.bed_notes
    handed_out = score.notes + score.earcon_notes + asides
    not_of_points = int(state["foreground_played"]) + asides - mixer.asides_muted
    return {
        "seconds": seconds,
        "notes_played": max(played - not_of_points - mixer.notes_remixed, 0),
        "notes_late": int(state["late"]),
        "notes_stolen": int(state["stolen"]),
        "notes_waiting": handed_out + mixer.notes_remixed - mixer.notes_muted - dropped - played,
        "notes_dropped": dropped,
        "notes_unreported": int(state["unreported"]),
        "blocks": int(state["blocks"]),
        "blocks_missed": int(state["missed"]),
        "underflows": int(state["underflows"]),
        "callback_load": float(state["busy_ns"]) / 1e9 / seconds if seconds else 0.0,
        "peak_dbfs": amplitude_to_db(float(state["peak"])) if state["peak"] > 0 else None,
    }


def _of_recordings(recordings: Recordings) -> dict[str, Any]:
    figures = recordings.figures()
    return {
        "recorded_seconds": figures.seconds,
        "recording_lost_seconds": figures.lost_seconds,
        "recordings_gone": figures.gone,
        "points_unrecorded": figures.points_left_out,
        "notes_unrecorded": figures.notes_left_out,
    }


def _of_views(views: Views | None) -> dict[str, int]:
    if views is None:
        return {}
    return {
        "feed_readers": views.feed.readers,
        "feed_left_out": views.feed.left_out,
        "commands": views.commands.taken,
        "commands_refused": views.commands.refused,
    }
