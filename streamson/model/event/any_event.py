"""All kinds of events."""

from streamson.model.event.alerts import AlertAcknowledged, AlertCleared, AlertRaised, AlertsMerged
from streamson.model.event.devices import DeviceBack, DeviceLost
from streamson.model.event.following import FeedJoined, FeedLost, FeedRecovered, SessionNotFollowed
from streamson.model.event.recordings import (
    RecordingEnded,
    RecordingFailed,
    RecordingPaused,
    RecordingRotated,
    RecordingStarted,
)
from streamson.model.event.steering import (
    Caption,
    PageServed,
    SessionChanged,
    SessionRefused,
    StreamMuted,
    StreamSoloed,
    VolumeChanged,
)
from streamson.model.event.streams import (
    MixBegan,
    PointsLost,
    PointsUnplayed,
    StreamForward,
    StreamRecovered,
    StreamStale,
    StreamWithdrawn,
)

AnyEvent = (
    AlertRaised
    | AlertCleared
    | AlertsMerged
    | StreamStale
    | StreamRecovered
    | MixBegan
    | StreamForward
    | StreamWithdrawn
    | PointsLost
    | PointsUnplayed
    | SessionChanged
    | SessionRefused
    | VolumeChanged
    | StreamMuted
    | StreamSoloed
    | AlertAcknowledged
    | DeviceLost
    | DeviceBack
    | RecordingStarted
    | RecordingRotated
    | RecordingPaused
    | RecordingFailed
    | RecordingEnded
    | SessionNotFollowed
    | FeedJoined
    | FeedLost
    | FeedRecovered
    | Caption
    | PageServed
)
"""For decoding."""
