"""A listener's statistics, from what each of its rooms counts."""

from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from streamson._faults import Faults
from streamson.listener.dispatch import NoteDispatcher
from streamson.listener.event_bus import EventBus
from streamson.model.statistics import Statistics, StreamStatistics
from streamson.music.level import amplitude_to_db
from streamson.output.player import Player
from streamson.score.score import Score
from streamson.synth.engine import Engine
from streamson.wire.receiver import Receiver

if TYPE_CHECKING:
    from streamson.recording.recorder import Recorder
    from streamson.recording.session_log import SessionLog


class StatisticsSources(NamedTuple):
    """Where a listener's figures come from."""

    receiver: Receiver
    score: Score
    engine: Engine
    dispatcher: NoteDispatcher
    player: Player
    bus: EventBus
    faults: Faults


def gather(
    sources: StatisticsSources, recorder: "Recorder | None", session_log: "SessionLog | None"
) -> Statistics:
    """Return the counters and figures of this moment."""
    counted = msgspec.structs.asdict(sources.receiver.counts)
    counted |= msgspec.structs.asdict(sources.score.counts)
    totals = {name: counted[name] for name in Statistics.__struct_fields__ if name in counted}
    totals["faults"] += sources.faults.survived
    totals["points_coalesced"] += sources.score.points_waiting
    return Statistics(
        **totals,
        **_of_engine(sources),
        **_of_recording(recorder, session_log, sources.engine.sample_rate),
        streams=sources.score.streams,
        alerts_active=sources.score.alerts_active,
        streams_stale=sources.score.streams_stale,
        lag_s=sources.score.lag_s,
        latency_median_ms=sources.dispatcher.latency_ms(0.5),
        latency_p99_ms=sources.dispatcher.latency_ms(0.99),
        devices_lost=sources.player.devices_lost,
        events_dropped=sources.bus.dropped,
    )


def gather_streams(receiver: Receiver, score: Score) -> list[StreamStatistics]:
    """Return what is known of each stream that is played."""
    lost, refused = receiver.lost_by_stream, receiver.refused_by_stream
    return [
        msgspec.structs.replace(
            stream,
            points_lost=lost.get(stream.name, 0),
            messages_refused=refused.get(stream.name, 0),
        )
        for stream in score.stream_statistics()
    ]


def _of_engine(sources: StatisticsSources) -> dict[str, Any]:
    engine, state, score = sources.engine, sources.engine.state, sources.score.counts
    seconds = min(engine.frame, engine.stop_frame) / engine.sample_rate
    dropped = sources.dispatcher.dropped + int(state["refused"])
    played = int(state["played"])  # those of earcons included
    handed_out = score.notes + score.earcon_notes + score.range_ticks
    return {
        "seconds": seconds,
        "notes_played": max(played - int(state["foreground_played"]) - score.range_ticks, 0),
        "notes_late": int(state["late"]),
        "notes_stolen": int(state["stolen"]),
        "notes_waiting": handed_out - dropped - played,
        "notes_dropped": dropped,
        "notes_unreported": int(state["unreported"]),
        "blocks": int(state["blocks"]),
        "blocks_missed": int(state["missed"]),
        "underflows": int(state["underflows"]),
        "callback_load": float(state["busy_ns"]) / 1e9 / seconds if seconds else 0.0,
        "peak_dbfs": amplitude_to_db(float(state["peak"])) if state["peak"] > 0 else None,
    }


def _of_recording(
    recorder: "Recorder | None", session_log: "SessionLog | None", sample_rate: int
) -> dict[str, Any]:
    return {
        "recorded_seconds": recorder.seconds if recorder else 0.0,
        "recording_lost_seconds": recorder.lost_frames / sample_rate if recorder else 0.0,
        "recordings_gone": recorder.files_gone if recorder else 0,
        "points_unrecorded": session_log.points_left_out if session_log else 0,
        "notes_unrecorded": session_log.notes_left_out if session_log else 0,
    }
